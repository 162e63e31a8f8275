import { createTotals, type LedgerTotals, type PageLedger, unknownLoss } from '../../../src/wire/ledger.ts';
import type { RejectReason } from '../../../src/wire/loss.ts';

/** What came in with one key. Every record that was read ends once: received = stored + duplicate + rejected. */
export interface KeyCounts {
  received: number;
  stored: number;
  duplicate: number;
  rejected: Partial<Record<RejectReason, number>>;
  /** Taken by the backend everything is sent on to. */
  forwarded: number;
  /** Removed after the retention time, or for lack of room; to the hour in which it was stored. */
  expired: number;
}

/** The totals of many pages together. */
export interface AgentTotals extends LedgerTotals {
  pages: number;
  /** produced − (unsampled + acknowledged + pending + dropped), of the pages where that is not 0. */
  unknownLoss: number;
  /** The part of `pending` of pages that have not been heard of for half an hour: perhaps they never will. */
  silent: number;
}

/** One page as the API shows it. */
export interface PageReport extends PageLedger {
  keyId: string;
  /** Epoch ms of the last report. */
  heardMs: number;
  unknownLoss: number;
}

/** All of it as plain data, to be kept across restarts. */
export interface LedgerSnapshot {
  keys: [keyId: string, counts: KeyCounts][];
  pages: PageEntry[];
  /** By key, the totals of pages that had to make room. */
  closed: [keyId: string, totals: AgentTotals][];
  /** By key and hour, what was stored and has not expired; absent in what an earlier version kept. */
  stock?: [keyId: string, hours: [hour: number, records: number][]][];
}

export interface LossLedger {
  /** Books what a request of `keyId` came to. */
  count(keyId: string, counts: Partial<KeyCounts>): void;
  /** The store has removed so many records, the oldest it had. */
  expire(records: number): void;
  /** Takes in what an agent says of one of its pages. */
  hear(keyId: string, report: PageLedger): void;
  keys(): Map<string, KeyCounts>;
  /** Of all pages, or of those of one key or session. */
  totals(of?: { keyId?: string; sessionId?: string }): AgentTotals;
  /** The pages of a session, the one last heard of first. */
  pages(sessionId: string): PageReport[];
  snapshot(): LedgerSnapshot;
  /** Changes with everything that is booked. */
  readonly version: number;
}

type PageEntry = PageLedger & { keyId: string; heardMs: number };

/** Pages kept one by one; the one longest silent makes room and lives on in the sums. */
const MAX_PAGES = 20_000;
const SILENT_MS = 30 * 60_000;
const HOUR_MS = 3_600_000;
/** Hours kept apart for a key, some 80 days; the two oldest become one beyond it. */
const MAX_HOURS = 2000;

export function createLossLedger(now: () => number = Date.now, kept?: LedgerSnapshot): LossLedger {
  const keys = new Map(kept?.keys);
  const closed = new Map(kept?.closed);
  // In order of the last report: a page that is heard of goes to the end.
  const pages = new Map((kept?.pages ?? []).map((entry) => [`${entry.keyId}/${entry.page}`, entry]));
  const stock = new Map(kept?.stock?.map(([keyId, hours]) => [keyId, new Map(hours)]));
  if (!kept?.stock) for (const [keyId, { stored }] of keys) stock.set(keyId, new Map([[0, stored]]));
  let version = 0;

  function addStock(keyId: string, records: number): void {
    const hours = stock.get(keyId) ?? new Map<number, number>();
    stock.set(keyId, hours);
    const hour = Math.floor(now() / HOUR_MS);
    hours.set(hour, (hours.get(hour) ?? 0) + records);
    if (hours.size <= MAX_HOURS) return;
    const [[oldest, count] = [0, 0], [next] = [0]] = [...hours].sort(([a], [b]) => a - b);
    hours.delete(oldest);
    hours.set(next, (hours.get(next) ?? 0) + count);
  }

  function closeOldest(): void {
    for (const [id, entry] of pages) {
      if (pages.size <= MAX_PAGES) return;
      pages.delete(id);
      const totals = closed.get(entry.keyId) ?? createAgentTotals();
      add(totals, entry, now());
      closed.set(entry.keyId, totals);
    }
  }

  return {
    get version() {
      return version;
    },
    count(keyId, { rejected = {}, ...counts }) {
      version += 1;
      const known = keys.get(keyId) ?? createKeyCounts();
      keys.set(keyId, known);
      for (const [name, count] of Object.entries(counts)) known[name as 'received'] += count;
      if (counts.stored) addStock(keyId, counts.stored);
      for (const [reason, count] of Object.entries(rejected)) {
        known.rejected[reason as RejectReason] = (known.rejected[reason as RejectReason] ?? 0) + count;
      }
    },
    expire(records) {
      version += 1;
      const oldestFirst = [...stock]
        .flatMap(([keyId, hours]) => [...hours].map(([hour, count]) => ({ keyId, hours, hour, count })))
        .sort((a, b) => a.hour - b.hour);
      let left = records;
      for (const { keyId, hours, hour, count } of oldestFirst) {
        const gone = Math.min(count, left);
        const known = keys.get(keyId);
        if (known) known.expired += gone;
        if (gone === count) hours.delete(hour);
        else hours.set(hour, count - gone);
        left -= gone;
        if (left === 0) return;
      }
    },
    hear(keyId, report) {
      version += 1;
      const id = `${keyId}/${report.page}`;
      const known = pages.get(id);
      const isLater = !known || progressOf(report.totals) >= progressOf(known.totals);
      const session = known?.session || report.session;
      pages.delete(id);
      pages.set(id, { ...(isLater ? report : known), session, keyId, heardMs: now() });
      closeOldest();
    },
    keys: () => keys,
    totals({ keyId, sessionId } = {}) {
      const sum = createAgentTotals();
      for (const entry of pages.values()) {
        if (keyId !== undefined && entry.keyId !== keyId) continue;
        if (sessionId !== undefined && entry.session !== sessionId) continue;
        add(sum, entry, now());
      }
      if (sessionId !== undefined) return sum;
      for (const [of, totals] of closed) if (keyId === undefined || of === keyId) merge(sum, totals);
      return sum;
    },
    pages: (sessionId) =>
      [...pages.values()]
        .filter(({ session }) => session === sessionId)
        .map((entry) => ({ ...entry, unknownLoss: unknownLoss(entry.totals) }))
        .reverse(),
    snapshot: () => ({
      keys: [...keys],
      pages: [...pages.values()],
      closed: [...closed],
      stock: [...stock].map(([keyId, hours]) => [keyId, [...hours]]),
    }),
  };
}

function createKeyCounts(): KeyCounts {
  return { received: 0, stored: 0, duplicate: 0, rejected: {}, forwarded: 0, expired: 0 };
}

function createAgentTotals(): AgentTotals {
  return { ...createTotals(), pages: 0, unknownLoss: 0, silent: 0 };
}

// All counters but `pending` only ever grow, so of two reports of a page the larger sum is the later.
function progressOf({ produced, unsampled, acknowledged, dropped }: LedgerTotals): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, produced + unsampled + acknowledged);
}

function add(sum: AgentTotals, { totals, heardMs }: PageEntry, nowMs: number): void {
  const silent = nowMs - heardMs > SILENT_MS ? totals.pending : 0;
  // A page whose books say less was made than became of it is as wrong as one that lost something.
  merge(sum, { ...totals, pages: 1, unknownLoss: Math.abs(unknownLoss(totals)), silent });
}

function merge(sum: AgentTotals, { dropped, ...counts }: AgentTotals): void {
  for (const [name, count] of Object.entries(counts)) sum[name as 'pages'] += count;
  for (const [reason, count] of Object.entries(dropped)) {
    sum.dropped[reason as 'stopped'] = (sum.dropped[reason as 'stopped'] ?? 0) + count;
  }
}
