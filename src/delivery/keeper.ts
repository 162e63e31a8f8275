import { guard } from '../browser/guard.ts';
import { type Chunk, packChunks, recordsOf } from './chunk.ts';
import { createClaims } from './claims.ts';
import { closeBooks, countDropped, type Ledger } from './ledger.ts';
import { deleteOutbox, keyOf, type Outbox, openOutbox } from './outbox.ts';
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
  page: string;
  queue: Queue;
  /** The books of this page, and of those it took over. */
  ledgers: Map<string, Ledger>;
  mayStore: () => boolean;
  /** Chunks of other pages are now in the queue. */
  onDrain: () => void;
}

/** Keeps on the device what is not acknowledged, and takes over what pages that are gone have left there. */
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
  brace(): void;
  /** The page is left: nothing is held. */
  leave(): void;
  /** Consent was refused: nothing stays on the device. */
  clear(): void;
}

export function createKeeper({ name, page, queue, ledgers, mayStore, onDrain }: KeeperOptions): Keeper {
  const own = ledgers.get(page) as Ledger;
  const claims = createClaims(`${name} `, page);
  /** Chunks on the device, by id. */
  const kept = new Set<string>();
  let outbox: Outbox | undefined;
  let failed = false;
  let present = false;
  let isDraining = false;
  let taken: readonly Chunk[] = [];
  let onTakenGone: (() => void) | undefined;

  function open(): void {
    if (outbox || !mayStore()) return;
    outbox = openOutbox(name, {
      onOpen() {
        if (present) claims.hold();
        setTimeout(guard(startDrain), DRAIN_AFTER_MS);
        kept.clear();
        keep();
        spill(page);
        for (const [other, { chunks, books: rows }] of readSpilled())
          void outbox?.write({ put: chunks, ledgers: rows }).then(() => failed || spill(other));
      },
      onEvict(keys) {
        for (const [, , , records, of, id] of keys) {
          const ledger = ledgers.get(of);
          // A copy of what is still in memory is no loss; of other pages whoever takes over finds the chunk missing.
          if (kept.delete(id) && !queue.chunks.has(id) && ledger) {
            ledger.pending -= records;
            countDropped(ledger, 'queue_full', records);
          }
        }
      },
      onFailure() {
        failed = true;
        kept.clear();
        onTakenGone?.();
        adoptSpilled();
      },
    });
  }

  /** Without an outbox what other pages have spilled goes from hand to hand. */
  function adoptSpilled(): void {
    for (const [other, spilled] of readSpilled()) {
      spill(other);
      for (const row of spilled.books) {
        if (ledgers.has(row.page)) continue;
        row.pending = recordsOf(row.page, spilled.chunks);
        takeOver(row);
        row.pending = 0;
        for (const chunk of spilled.chunks) if (chunk.page === row.page) queue.insert(chunk);
      }
    }
    onDrain();
  }

  /** As they are to be kept. Only this page lives: what was left by others stays theirs who come after it. */
  function books(): Ledger[] {
    own.at = Date.now();
    return [...ledgers.values()];
  }

  function takeOver(row: Ledger): void {
    closeBooks(row);
    ledgers.set(row.page, row);
  }

  function keep(): void {
    open();
    if (!outbox?.isOpen() || !mayStore()) return;
    const fresh = queue.seal().filter(({ id }) => !kept.has(id));
    if (fresh.length === 0) return;
    for (const { id, records } of fresh) {
      kept.add(id);
      own.stored += records;
    }
    void outbox.write({ put: fresh, ledgers: books() });
  }

  /** Drains until there is nothing left, if no other page is at it. */
  async function startDrain(): Promise<void> {
    if (isDraining) return;
    isDraining = true;
    try {
      await claims.alone(drain);
    } catch {
      // expected: an origin without locks of its own, as in a sandboxed frame
    }
    isDraining = false;
  }

  /** Takes over, in groups, what pages that are gone left, and what of ours only the outbox holds. */
  async function drain(): Promise<void> {
    if (!present || !outbox?.isOpen()) return;
    const parked = own.pending;
    const { keys, ledgers: rows } = await outbox.list();
    // Asked after: who wrote before the list was made has said before that it lives.
    const isAlive = await claims.living();
    const dead = rows.filter((row) => row.page !== page && !isAlive(row.page, row.at));
    // Of ours only what was parked: what is acknowledged at this moment may still be listed.
    const isLeft = (of: string, id: string) => (of === page ? kept.has(id) : dead.some((row) => row.page === of));
    const left = keys.filter(([, , , , of, id]) => !queue.chunks.has(id) && isLeft(of, id));
    const recordsLeft = (of: string) => left.reduce((sum, key) => sum + (key[4] === of ? key[3] : 0), 0);
    for (const row of dead) {
      if (ledgers.has(row.page)) continue;
      row.pending = recordsLeft(row.page);
      takeOver(row);
    }
    // Another page has made room for its own.
    const lost = Math.max(0, parked - recordsLeft(page));
    countDropped(own, 'device_lost', lost);
    own.pending -= lost;
    const group = left.slice(0, DRAIN_CHUNKS);
    const chunks = await outbox.read(group);
    if (!present || group.length === 0) return;
    taken = chunks;
    for (const key of group) {
      const [, , , records, of, id] = key;
      const ledger = ledgers.get(of) as Ledger;
      ledger.pending -= records;
      if (!chunks.some((chunk) => chunk.id === id)) {
        countDropped(ledger, 'device_lost', records);
        void outbox.write({ remove: [key] });
      }
    }
    for (const chunk of chunks) {
      kept.add(chunk.id);
      queue.insert(chunk);
    }
    await new Promise<void>((resolve) => {
      onTakenGone = resolve;
      onDrain();
      checkTaken();
    });
    return drain();
  }

  function checkTaken(): void {
    if (!taken.some(({ id }) => queue.chunks.has(id))) onTakenGone?.();
  }

  return {
    keep,
    isKept: ({ id }) => kept.has(id),
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
      if (outbox?.isOpen()) void outbox.write({ put: parts, remove: [keyOf(chunk)] });
    },
    release(chunks, told) {
      const remove = chunks.filter(({ id }) => kept.delete(id)).map(keyOf);
      if (failed) own.unstored += recordsOf(page, chunks);
      const isTold = (other: string) =>
        other !== page && ledgers.get(other)?.pending === 0 && recordsOf(other, queue.chunks.values()) === 0;
      const forget = told.filter(isTold);
      for (const other of forget) ledgers.delete(other);
      if (outbox?.isOpen()) void outbox.write({ remove, ledgers: mayStore() ? books() : [], forget });
      checkTaken();
      // There is room again for what was parked.
      if (queue.bytes() < MAX_QUEUE_BYTES / 2 && own.pending > 0) void startDrain();
    },
    enter() {
      present = true;
      if (outbox?.isOpen()) {
        claims.hold();
        setTimeout(guard(startDrain), DRAIN_AFTER_MS);
        return;
      }
      // What this page has spilled is still in memory.
      if (kept.size > 0) spill(page);
      kept.clear();
      setTimeout(guard(open), OPEN_AFTER_MS);
    },
    brace() {
      if (outbox) keep();
      if (outbox?.isOpen() || !mayStore()) return;
      const chunks = packChunks(queue.seal(), spillRoom());
      if (spill(page, { chunks, books: books() })) for (const { id } of chunks) kept.add(id);
    },
    leave() {
      present = false;
      for (const chunk of taken) {
        if (!queue.remove(chunk)) continue;
        if (chunk.page === page) own.pending += chunk.records;
        else kept.delete(chunk.id);
      }
      // Whoever takes over what is in the outbox finds the books there.
      if (!failed) for (const other of ledgers.keys()) if (other !== page) ledgers.delete(other);
      checkTaken();
      claims.release();
    },
    clear() {
      countDropped(own, 'stopped', own.pending);
      own.pending = 0;
      kept.clear();
      for (const other of readSpilled().keys()) spill(other);
      // Not opened here yet, it may hold what earlier visits left.
      if (outbox?.isOpen()) outbox.clear();
      else deleteOutbox(name);
    },
  };
}
