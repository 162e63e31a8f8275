import { guard } from '../browser/guard.ts';
import type { EpochMs } from '../wire/time.ts';
import { type Chunk, isChunk } from './chunk.ts';
import { type Ledger, restoreLedger } from './ledger.ts';

/** Bytes kept on the device; beyond it the oldest chunks of the lowest priority go. */
const MAX_STORED_BYTES = 5 * 1024 * 1024;

/** What the key tells without reading the chunk. Keys sort by rank, then age. */
export type ChunkKey = [rank: number, at: EpochMs, bytes: number, records: number, page: string, id: string];

export function keyOf({ rank, at, bytes, records, page, id }: Chunk): ChunkKey {
  return [rank, at, bytes, records, page, id];
}

/** What one transaction writes. */
export interface OutboxChange {
  put?: readonly Chunk[];
  remove?: readonly ChunkKey[];
  /** Books as they stand now. */
  ledgers?: readonly Ledger[];
  /** Pages whose books have told all there is to tell. */
  forget?: readonly string[];
}

/** Chunks and ledgers on the device, in IndexedDB, so that they outlive the page. */
export interface Outbox {
  /** Nothing is written or taken before it is, or when it is no more. */
  isOpen(): boolean;
  /** One short transaction, committed at once: it may be the last thing the page does. Resolves to whether it was done. */
  write(change: OutboxChange): Promise<true | undefined>;
  /**
   * Reads the chunks `choose` wants of all that are there, in one transaction with what it is told and with the books it
   * writes. What is unreadable is removed. Resolves to nothing when that is impossible.
   */
  take(
    choose: (keys: ChunkKey[], ledgers: Ledger[], write: (ledger: Ledger) => void) => readonly ChunkKey[],
  ): Promise<Chunk[] | undefined>;
}

export interface OutboxListener {
  onOpen(): void;
  /** Chunks that had to go for lack of room. */
  onEvict(keys: readonly ChunkKey[]): void;
  /** All of it was deleted, perhaps by the visitor. It may be opened again. */
  onDeleted(): void;
  /** It cannot be opened: denied or broken. */
  onFailure(): void;
}

/** Deletes the outbox `name`; pages that have it open hear `onDeleted`. */
export function deleteOutbox(name: string): void {
  try {
    indexedDB.deleteDatabase(name);
  } catch {
    // expected: storage denied, or no IndexedDB
  }
}

/** Opens the outbox `name`. Never throws or rejects. */
export function openOutbox(name: string, { onOpen, onEvict, onDeleted, onFailure }: OutboxListener): Outbox {
  let database: IDBDatabase | undefined;

  try {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('chunks');
      request.result.createObjectStore('ledgers', { keyPath: 'page' });
    };
    request.onsuccess = guard(() => {
      database = request.result;
      database.onversionchange = database.onclose = guard(() => {
        database?.close();
        database = undefined;
        onDeleted();
      });
      onOpen();
    });
    request.onerror = guard(onFailure);
  } catch {
    onFailure(); // expected: storage denied, or no IndexedDB
  }

  /** Resolves to what `run` asked for, once it is done; to nothing when that is impossible. */
  function transact<T>(run: (chunks: IDBObjectStore, ledgers: IDBObjectStore) => T): Promise<T | undefined> {
    return new Promise((resolve) => {
      try {
        // Not open, no longer, or without our stores: what is thrown here ends where a broken one ends.
        const transaction = (database as IDBDatabase).transaction(['chunks', 'ledgers'], 'readwrite');
        const asked = run(transaction.objectStore('chunks'), transaction.objectStore('ledgers'));
        transaction.oncomplete = () => resolve(asked);
        transaction.onabort = () => resolve(undefined);
      } catch {
        resolve(undefined);
      }
    });
  }

  const write: Outbox['write'] = ({ put = [], remove = [], ledgers = [], forget = [] }) => {
    const written = transact((chunkStore, ledgerStore) => {
      for (const chunk of put) chunkStore.put(chunk, keyOf(chunk));
      for (const key of remove) chunkStore.delete(key);
      for (const ledger of ledgers) ledgerStore.put(ledger);
      for (const page of forget) ledgerStore.delete(page);
      // An open transaction when the page is frozen would keep it from coming back.
      chunkStore.transaction.commit();
      return true as const;
    });
    if (put.length > 0) void evict();
    return written;
  };

  async function evict(): Promise<void> {
    const asked = await transact((chunks) => {
      const all = chunks.getAllKeys();
      chunks.transaction.commit();
      return all;
    });
    const keys = (asked?.result ?? []) as unknown as ChunkKey[];
    let excess = keys.reduce((bytes, key) => bytes + key[2], -MAX_STORED_BYTES);
    const last = keys.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
    const gone = last.filter((key) => {
      excess -= key[2];
      return excess + key[2] > 0;
    });
    if (gone.length > 0 && (await write({ remove: gone }))) onEvict(gone);
  }

  return {
    isOpen: () => database !== undefined,
    write,
    async take(choose) {
      let chosen: readonly ChunkKey[] = [];
      const asked = await transact((chunkStore, ledgerStore) => {
        const chunks: IDBRequest<Chunk>[] = [];
        const keys = chunkStore.getAllKeys();
        const rows = ledgerStore.getAll();
        rows.onsuccess = guard(() => {
          const all = (rows.result as Ledger[]).map(restoreLedger);
          chosen = choose(keys.result as unknown as ChunkKey[], all, (ledger) => ledgerStore.put(ledger));
          for (const key of chosen) chunks.push(chunkStore.get(key));
        });
        return chunks;
      });
      const remove = chosen.filter((_, index) => !isChunk(asked?.[index]?.result));
      if (asked && remove.length > 0) void write({ remove });
      return asked?.map(({ result }) => result).filter(isChunk);
    },
  };
}
