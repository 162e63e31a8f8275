import { DROP_REASONS, type DropReason } from './loss.ts';
import { ATTR_LEDGER, ATTR_SESSION_ID, EVENT_LEDGER } from './names.ts';
import { encodeAttributes, type OtlpLogRecord } from './otlp.ts';
import { type EpochMs, msToUnixNano } from './time.ts';

/**
 * What became of every span and event of one page (document), as its agent tells it. All but `pending` only ever grow.
 * produced − (unsampled + acknowledged + pending + Σ dropped) is the unknown loss.
 */
export interface LedgerTotals {
  /** Spans and events made, those that head sampling left out included. */
  produced: number;
  unsampled: number;
  /** Answered 2xx, which means durable. A report counts the records of the batch it rides in as acknowledged. */
  acknowledged: number;
  /** Held by the agent, in memory or on the device, and not in the batch. */
  pending: number;
  /** Written to the device so that they outlive the page, and those that could not be. */
  stored: number;
  unstored: number;
  dropped: Partial<Record<DropReason, number>>;
}

/** The totals of a page that has made nothing yet. */
export function createTotals(): LedgerTotals {
  return { produced: 0, unsampled: 0, acknowledged: 0, pending: 0, stored: 0, unstored: 0, dropped: {} };
}

/** Whose totals they are. */
export interface PageLedger {
  /** Id of the page, 16 hex digits. */
  page: string;
  /** The session the page belonged to when it made its first record; '' without consent to have one. */
  session: string;
  totals: LedgerTotals;
}

const DROPPED = 'dropped.';
const MAX_SESSION_CHARS = 64;

/** Totals as the log record that rides in a batch; zeros are left out. */
export function encodeLedger({ page, session, totals }: PageLedger, now: EpochMs): OtlpLogRecord {
  const { dropped, ...counters } = totals;
  const told: Record<string, string | number> = { [`${ATTR_LEDGER}.page`]: page };
  if (session) told[ATTR_SESSION_ID] = session;
  const tell = (prefix: string, counts: object) => {
    for (const [name, count] of Object.entries(counts))
      if (count !== 0) told[`${ATTR_LEDGER}.${prefix}${name}`] = count;
  };
  tell('', counters);
  tell(DROPPED, dropped);
  return { timeUnixNano: msToUnixNano(now), eventName: EVENT_LEDGER, attributes: encodeAttributes(told) };
}

/** Reads what `encodeLedger` wrote; `undefined` when it is no ledger of a page. Counters that make no sense are 0. */
export function decodeLedger(record: OtlpLogRecord): PageLedger | undefined {
  if (record.eventName !== EVENT_LEDGER) return undefined;
  const told = new Map((record.attributes ?? []).map(({ key, value }) => [key, value]));
  const page = told.get(`${ATTR_LEDGER}.page`)?.stringValue;
  if (page === undefined || !/^[0-9a-f]{16}$/.test(page)) return undefined;
  const count = (name: string) => {
    const value = Number(told.get(`${ATTR_LEDGER}.${name}`)?.intValue ?? 0);
    return Number.isSafeInteger(value) && value > 0 ? value : 0;
  };
  const totals = createTotals();
  const { dropped, ...counters } = totals;
  for (const name of Object.keys(counters) as (keyof typeof counters)[]) totals[name] = count(name);
  for (const reason of DROP_REASONS) {
    const records = count(DROPPED + reason);
    if (records > 0) dropped[reason] = records;
  }
  return { page, session: (told.get(ATTR_SESSION_ID)?.stringValue ?? '').slice(0, MAX_SESSION_CHARS), totals };
}

/** Records that are neither accounted for nor held: what an honest ledger never has. */
export function unknownLoss({ produced, unsampled, acknowledged, pending, dropped }: LedgerTotals): number {
  let known = unsampled + acknowledged + pending;
  for (const records of Object.values(dropped)) known += records;
  return produced - known;
}
