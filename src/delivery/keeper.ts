import { guard } from '../browser/guard.ts';
import { type Chunk, packChunks, recordsOf } from './chunk.ts';
import { createClaims } from './claims.ts';
import { closeBooks, countDropped, createLedger, type Ledger } from './ledger.ts';
import { type ChunkKey, deleteOutbox, keyOf, type Outbox, openOutbox } from './outbox.ts';
import { MAX_QUEUE_BYTES, type Queue } from './queue.ts';
import { readSpilled, spill, spillRoom } from './spill.ts';

/** Chunks taken over from other pages at a time: about 128 KiB. */
const DRAIN_CHUNKS = 24;
/** A page that just appeared has better things to do; of one that is left sooner, what waits is spilled. */
const OPEN_AFTER_MS = 100;
/** The page this one replaced may still be sending. */
const DRAIN_AFTER_MS = 1500;

export interface KeeperOptions {
  /** Of the database and the locks: pages of one origin that send with the same key share an outbox. */
  name: string;
  /** The books of this page. */
  own: Ledger;
  /** These, and those of pages it took over. */
  ledgers: Map<string, Ledger>;
  queue: Queue;
  mayStore: () => boolean;
  /** Chunks of other pages are now in the queue. */
  onDrain: () => void;
}

/**
 * Keeps on the device what is not acknowledged, and takes over what pages that are gone have left there.
 *
 * Books have one writer at a time, or they would not add up: the page while it holds its claim, then whoever took them over.
 * A page that was left, and is used again, has given its books away and begins new ones.
 */
export interface Keeper {
  /** Stores the closed chunks that are not stored yet. Synchronous up to the commit. */
  keep(): void;
  isKept(chunk: Chunk): boolean;
  /** Whether this chunk, for which there is no room in memory, is safe on the device; it comes back later. */
  park(chunk: Chunk): boolean;
  /** `parts` take the place of `chunk` in the queue. */
  replace(chunk: Chunk, parts: readonly Chunk[]): void;
  /** These chunks, no longer in the queue, have met their end; the collector knows the books of the pages `told`. */
  release(chunks: readonly Chunk[], told: readonly string[]): void;
  /** This page lives (again) and may take over what others left. */
  enter(): void;
  /** This may be the last moment of the page: everything is stored, in one way or another. */
  brace(isLeft: boolean): void;
  /** Consent was refused: nothing stays on the device. */
  clear(): void;
}

export function createKeeper({ name, own, ledgers, queue, mayStore, onDrain }: KeeperOptions): Keeper {
  const claims = createClaims(`${name} `);
  /** Chunks in the outbox, and those spilled, by id. */
  const kept = new Set<string>();
  const spilled = new Set<string>();
  let outbox: Outbox | undefined;
  let failed = false;
  /** Between `enter` and being left, and whether everybody can see it. */
  let present = false;
  let isHeld = false;
  let isDraining = false;
  let taken: Chunk[] = [];
  let onTakenGone: (() => void) | undefined;

  const inMemory = (page: string) => recordsOf(page, queue.chunks.values());
  const drainSoon = () => void setTimeout(guard(startDrain), DRAIN_AFTER_MS);
  const isKept = ({ id }: Chunk) => kept.has(id) || spilled.has(id);
  /** Not by a page that somebody could take for gone. */
  const canWrite = () => !failed && (isHeld || !present) && !!outbox?.isOpen();

  function open(): void {
    if (!present || !mayStore()) return;
    if (!isHeld) claims.hold(own.page, guard(onHeld));
    else outbox ??= openOutbox(name, { onOpen, onEvict, onDeleted, onFailure });
  }

  function onHeld(): void {
    isHeld = present;
    if (outbox) drainSoon();
    keep();
  }

  function onOpen(): void {
    if (!present) return;
    // What this page has spilled is still in memory.
    spill(own.page);
    spilled.clear();
    keep();
    drainSoon();
  }

  function onEvict(keys: readonly ChunkKey[]): void {
    for (const [, , , records, of, id] of keys) {
      const ledger = ledgers.get(of);
      // A copy of what is still in memory is no loss; of other pages whoever takes over finds the chunk missing.
      if (kept.delete(id) && !queue.chunks.has(id) && ledger) {
        ledger.pending -= records;
        countDropped(ledger, 'queue_full', records);
      }
    }
  }

  /** The next chunk opens it again. */
  function onDeleted(): void {
    outbox = undefined;
    kept.clear();
  }

  function onFailure(): void {
    failed = true;
    drainSoon();
  }

  /** As they are to be kept. */
  function books(): Ledger[] {
    const at = present ? Date.now() : 0;
    for (const ledger of ledgers.values()) ledger.at = at;
    return [...ledgers.values()];
  }

  /** Whether they are not of an earlier moment than what is known of that page. */
  function takeOver(row: Ledger): boolean {
    const known = ledgers.get(row.page);
    if (!known || known.produced < row.produced) ledgers.set(row.page, row);
    return !known || known.produced <= row.produced;
  }

  function keep(): void {
    open();
    if (!canWrite() || !mayStore()) return;
    const fresh = queue.seal().filter(({ id }) => !kept.has(id));
    if (fresh.length === 0 && (present || kept.size === 0)) return;
    for (const { id } of fresh) kept.add(id);
    own.stored += recordsOf(own.page, fresh);
    void outbox?.write({ put: fresh, ledgers: books() }).then((isDone) => {
      if (isDone) return;
      for (const { id } of fresh) kept.delete(id);
      onFailure();
    });
  }

  /** Drains until there is nothing left, if no other page is at it. */
  function startDrain(): void {
    if (isDraining) return;
    isDraining = true;
    claims
      .alone(drain)
      .catch(() => {}) // expected: an origin without locks of its own, as in a sandboxed frame
      .finally(() => {
        isDraining = false;
      });
  }

  /** Takes over, in groups, what pages that are gone left, and what of ours only the outbox holds. */
  async function drain(): Promise<void> {
    if (!present || !mayStore()) return;
    const tails = readSpilled();
    const isAlive = await claims.living();
    let rest: ChunkKey[] = [];
    const stored = await outbox?.take((keys, rows, write) => {
      for (const row of rows) {
        if (row.page === own.page || isAlive(row.page, row.at)) continue;
        takeOver(row);
        write({ ...row, at: Date.now() });
      }
      rest = keys.filter(
        ([, , , , of, id]) => !queue.chunks.has(id) && (of === own.page ? kept.has(id) : ledgers.has(of)),
      );
      return rest.splice(0, DRAIN_CHUNKS);
    });
    if (!present || !(stored || failed)) return;
    const chunks = stored ?? [];
    for (const { id } of chunks) kept.add(id);
    for (const [other, { chunks: all, books: rows }] of tails) {
      if (other === own.page || isAlive(other, rows[0]?.at ?? 0)) continue;
      for (const row of rows)
        if (row.page !== own.page && takeOver(row)) chunks.push(...all.filter(({ page }) => page === row.page));
      spill(other);
    }
    for (const chunk of chunks) {
      // Given back in the meantime, or there twice.
      if (!ledgers.has(chunk.page) || queue.chunks.has(chunk.id)) continue;
      taken.push(chunk);
      queue.insert(chunk);
      if (chunk.page === own.page) own.pending -= chunk.records;
    }
    // What is neither here nor there is lost.
    for (const ledger of ledgers.values()) {
      if (ledger === own) continue;
      ledger.pending = 0;
      for (const [, , , records, of, id] of rest)
        if (of === ledger.page && !queue.chunks.has(id)) ledger.pending += records;
      closeBooks(ledger, inMemory(ledger.page));
    }
    keep();
    if (taken.length === 0) return;
    await new Promise<void>((resolve) => {
      onTakenGone = resolve;
      onDrain();
      checkTaken();
    });
    taken = [];
    return drain();
  }

  function checkTaken(): void {
    if (!taken.some(({ id }) => queue.chunks.has(id))) onTakenGone?.();
  }

  /** New books: the old ones are with what was left, as those of any page that is gone. */
  function renew(): void {
    ledgers.set(own.page, { ...own });
    ledgers.set(Object.assign(own, createLedger()).page, own);
    for (const chunk of queue.seal()) if (isKept(chunk)) queue.remove(chunk);
    kept.clear();
    spilled.clear();
    forgetOthers();
  }

  /** Whoever takes over what is on the device finds the books there. */
  function forgetOthers(): void {
    for (const page of ledgers.keys()) if (page !== own.page && inMemory(page) === 0) ledgers.delete(page);
  }

  return {
    keep,
    isKept,
    park({ id, page: of, records }) {
      const ledger = outbox?.isOpen() && kept.has(id) && ledgers.get(of);
      if (!ledger) return false;
      ledger.pending += records;
      checkTaken();
      return true;
    },
    replace(chunk, parts) {
      taken = taken.flatMap((one) => (one === chunk ? parts : one));
      if (!kept.delete(chunk.id)) return;
      for (const { id } of parts) kept.add(id);
      void outbox?.write({ put: parts, remove: [keyOf(chunk)] });
    },
    release(chunks, told) {
      if (!present) return;
      const remove = chunks.filter(({ id }) => kept.delete(id)).map(keyOf);
      if (failed) own.unstored += recordsOf(own.page, chunks);
      const forget = told.filter((page) => page !== own.page && !ledgers.get(page)?.pending && inMemory(page) === 0);
      for (const page of forget) ledgers.delete(page);
      if (remove.length + forget.length > 0) void outbox?.write({ remove, ledgers: mayStore() ? books() : [], forget });
      checkTaken();
      // There is room again for what was parked.
      if (queue.bytes() < MAX_QUEUE_BYTES / 2 && own.pending > 0) startDrain();
    },
    enter() {
      const isBack = !present;
      present = true;
      if (isBack && (own.stored > 0 || spilled.size > 0)) renew();
      if (isHeld) drainSoon();
      else setTimeout(guard(open), OPEN_AFTER_MS);
    },
    brace(isLeft) {
      if (isLeft) present = false;
      keep();
      if (!canWrite() && mayStore()) {
        const chunks = packChunks(queue.seal(), spillRoom());
        if (spill(own.page, { chunks, books: books() })) for (const { id } of chunks) spilled.add(id);
      }
      if (!isLeft) return;
      isHeld = false;
      claims.release();
      for (const chunk of queue.seal()) if (chunk.page !== own.page && kept.delete(chunk.id)) queue.remove(chunk);
      forgetOthers();
      onTakenGone?.();
    },
    clear() {
      for (const ledger of ledgers.values()) {
        countDropped(ledger, 'stopped', ledger.pending);
        ledger.pending = 0;
      }
      for (const other of readSpilled().keys()) spill(other);
      deleteOutbox(name);
    },
  };
}
