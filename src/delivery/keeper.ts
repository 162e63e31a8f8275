import { type Chunk, countRecords, recordCount } from './chunk.ts';
import { createClaims } from './claims.ts';
import { type Account, countDropped, createLedger, type Ledger, progressOf, settledOf } from './ledger.ts';
import { type ChunkKey, keyOf, type Outbox, openOutbox } from './outbox.ts';
import type { Queue } from './queue.ts';

/** What is taken over from other pages at a time. */
const DRAIN_BYTES = 128 * 1024;
/** A page that just appeared has better things to do, and the page it replaced may still be sending. */
const DRAIN_AFTER_MS = 1500;

export interface KeeperOptions {
  /** Of the database and the locks: pages of one origin that send with the same key share an outbox. */
  name: string;
  page: string;
  queue: Queue;
  accounts: Map<string, Account>;
  mayStore: () => boolean;
  /** Chunks of pages that are gone are now in the queue. */
  onDrain: () => void;
}

/** Keeps on the device what is not acknowledged, and takes over what pages that are gone have left there. */
export interface Keeper {
  /** Stores the closed chunks that are not stored yet. Synchronous up to the commit. */
  keep(): void;
  isKept(chunk: Chunk): boolean;
  /** These chunks have met their end: acknowledged, dropped, or split into others. */
  release(chunks: readonly Chunk[]): void;
  /** The queue gave this chunk up for lack of memory; true when it is safe on the device. */
  park(chunk: Chunk): boolean;
  /** This page lives (again) and may take over what others left. */
  enter(): void;
  /** The page is left: everything is stored, nothing is held. */
  leave(): void;
  /** Consent was refused: nothing stays on the device. */
  clear(): void;
}

export function createKeeper({ name, page, queue, accounts, mayStore, onDrain }: KeeperOptions): Keeper {
  const own = (accounts.get(page) as Account).ledger;
  const claims = createClaims(`${name} `, page);
  const kept = new Set<string>();
  /** Chunks of other pages in our queue; the drain goes on when they have met their end. */
  const taken = new Set<string>();
  let outbox: Outbox | undefined;
  let failed = false;
  let present = false;
  let onTakenSettled: (() => void) | undefined;

  function open(): Outbox | undefined {
    if (failed || !mayStore()) return undefined;
    outbox ??= openOutbox(name, {
      onReady: () => keeper.keep(),
      onEvict(keys) {
        for (const [, , , records, of, id] of keys) {
          kept.delete(id);
          // What is still in memory is not lost by losing its copy.
          if (queue.has(id)) continue;
          const account = accounts.get(of);
          if (!account) continue; // of another page: whoever takes over its ledger finds the chunk missing
          account.parked -= records;
          countDropped(account.ledger, 'queue_full', records);
        }
      },
      onFailure() {
        failed = true;
        kept.clear();
        onTakenSettled?.();
      },
    });
    return outbox;
  }

  /** Takes over, in groups, what pages that are gone left, and what of ours only the outbox holds. */
  async function drain(): Promise<void> {
    const store = open();
    if (!store || !present) return;
    const [{ keys, ledgers }, isAlive] = await Promise.all([store.list(), claims.living()]);
    const rows = new Map(ledgers.map((ledger) => [ledger.page, ledger]));
    const isGone = (other: string) => other !== page && !isAlive(other, rows.get(other)?.at);
    const left = keys.filter(([, , , , of, id]) => (of === page ? !queue.has(id) : isGone(of)));
    for (const other of new Set([...rows.keys(), ...left.map((key) => key[4])])) {
      if (isGone(other)) takeOver({ ...createLedger(other), ...rows.get(other) }, left);
    }
    let room = DRAIN_BYTES;
    const group = left.filter((key, index) => {
      room -= key[2];
      return room > 0 || index === 0;
    });
    const chunks = await store.read(group);
    if (!present || group.length === 0) return;
    for (const [, , , records, of, id] of group) {
      const account = accounts.get(of);
      if (!account) continue;
      account.parked -= records;
      if (!chunks.some((chunk) => chunk.id === id)) countDropped(account.ledger, 'device_lost', records);
    }
    for (const { id } of chunks) {
      kept.add(id);
      taken.add(id);
    }
    queue.insert(chunks);
    store.write({ removeKeys: group.filter(([, , , , , id]) => !taken.has(id)) });
    if (chunks.length > 0) {
      const settled = new Promise<void>((resolve) => {
        onTakenSettled = resolve;
      });
      onDrain();
      await settled;
    }
    if (present) await drain();
  }

  /** From now on this ledger is kept here. What its page held and did not store died with it. */
  function takeOver(ledger: Ledger, left: readonly ChunkKey[]): void {
    if (accounts.has(ledger.page)) return;
    const parked = left.reduce((sum, key) => sum + (key[4] === ledger.page ? key[3] : 0), 0);
    countDropped(ledger, 'device_lost', ledger.produced - settledOf(ledger) - parked);
    accounts.set(ledger.page, { ledger, parked });
    forgetTold(ledger.page);
  }

  /** Lets go of another page's ledger that has nothing left to tell. */
  function forgetTold(other: string): void {
    const account = accounts.get(other);
    if (!account || other === page || account.parked > 0 || progressOf(account.ledger) !== account.ledger.reported)
      return;
    if (queue.all().some((chunk) => chunk.page === other)) return;
    accounts.delete(other);
    outbox?.write({ forget: [other] });
  }

  /** While this page could not know, another may have sent what it left. */
  async function reconcile(): Promise<void> {
    if (!outbox || kept.size === 0) return;
    const { keys, ledgers } = await outbox.list();
    if (failed) return;
    const there = new Set(keys.map((key) => key[5]));
    const records = queue.remove(queue.all().filter(({ id }) => kept.has(id) && !there.has(id)));
    const row = ledgers.find((ledger) => ledger.page === page);
    own.acknowledged = Math.max(own.acknowledged, row?.acknowledged ?? own.acknowledged + records);
  }

  function letGoOfTaken(): void {
    const chunks = queue.all().filter(({ id }) => taken.has(id));
    queue.remove(chunks);
    for (const chunk of chunks) {
      const account = accounts.get(chunk.page);
      if (chunk.page === page && account) account.parked += recordCount(chunk);
    }
    taken.clear();
    for (const other of accounts.keys()) if (other !== page) accounts.delete(other);
    onTakenSettled?.();
  }

  const keeper: Keeper = {
    keep() {
      const fresh = queue.sealed().filter(({ id }) => !kept.has(id));
      if (fresh.length === 0) return;
      if (open()?.isOpen()) {
        for (const { id } of fresh) kept.add(id);
        own.stored += countRecords(fresh);
        outbox?.write({ put: fresh, ledgers: [own] });
      }
    },
    isKept: ({ id }) => kept.has(id),
    release(chunks) {
      const remove = chunks.filter(({ id }) => kept.delete(id)).map(keyOf);
      const pages = new Set([page, ...chunks.map((chunk) => chunk.page)]);
      const ledgers = [...pages].flatMap((of) => accounts.get(of)?.ledger ?? []);
      if (outbox?.isOpen()) outbox.write({ removeKeys: remove, ledgers });
      for (const { id } of chunks) taken.delete(id);
      for (const other of accounts.keys()) forgetTold(other);
      if (taken.size === 0) onTakenSettled?.();
    },
    park(chunk) {
      if (!kept.has(chunk.id)) return false;
      const account = accounts.get(chunk.page);
      if (account) account.parked += recordCount(chunk);
      taken.delete(chunk.id);
      return true;
    },
    enter() {
      if (!present) {
        present = true;
        claims.hold();
        // Early: a page that is left at once must find it open.
        open();
        void reconcile();
      }
      setTimeout(() => void claims.alone(drain), DRAIN_AFTER_MS);
    },
    leave() {
      present = false;
      keeper.keep();
      letGoOfTaken();
      claims.release();
    },
    clear() {
      kept.clear();
      const account = accounts.get(page);
      if (account) {
        countDropped(own, 'stopped', account.parked);
        account.parked = 0;
      }
      outbox?.clear();
    },
  };
  return keeper;
}
