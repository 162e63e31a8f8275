import { fault, guard } from '../browser/guard.ts';
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
  /** Nothing else may be called before it is, or when it is no more. */
  isOpen(): boolean;
  /** One short transaction, committed at once: it may be the last thing the page does. Resolves when it is over. */
  write(change: OutboxChange): Promise<unknown>;
  /** The keys of all chunks and all ledgers. */
  list(): Promise<{ keys: ChunkKey[]; ledgers: Ledger[] }>;
  /** The chunks of `keys`; one that is gone or unreadable is left out. */
  read(keys: readonly ChunkKey[]): Promise<Chunk[]>;
  /** Forgets everything, of other pages too. */
  clear(): void;
}

export interface OutboxListener {
  onOpen(): void;
  /** Chunks that had to go for lack of room. */
  onEvict(keys: readonly ChunkKey[]): void;
  /** Nothing can be stored any more: denied, full, or broken. Called once. */
  onFailure(): void;
}

/** Deletes the outbox `name`, also one that a page has open: that page fails to store from then on. */
export function deleteOutbox(name: string): void {
  try {
    indexedDB.deleteDatabase(name);
  } catch {
    // expected: storage denied, or no IndexedDB
  }
}

/** Opens the outbox `name`. Never throws or rejects: what goes wrong ends in `onFailure`. */
export function openOutbox(name: string, { onOpen, onEvict, onFailure }: OutboxListener): Outbox {
  let database: IDBDatabase | undefined;
  let failed = false;

  function fail(): void {
    database?.close();
    database = undefined;
    if (!failed) onFailure();
    failed = true;
  }

  try {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('chunks');
      request.result.createObjectStore('ledgers', { keyPath: 'page' });
    };
    request.onsuccess = guard(() => {
      database = request.result;
      // The visitor clears the site's data, or a later version wants to upgrade.
      database.onversionchange = database.onclose = guard(fail);
      onOpen();
    });
    request.onerror = guard(fail);
  } catch {
    fail(); // expected: storage denied, or no IndexedDB
  }

  /** Resolves to what `run` asked for, once it is done; to nothing when that is impossible. */
  function transact<T>(run: (chunks: IDBObjectStore, ledgers: IDBObjectStore) => T): Promise<T | undefined> {
    return new Promise((resolve) => {
      try {
        // Not open, or no longer: what is thrown here ends where a broken one ends.
        const transaction = (database as IDBDatabase).transaction(['chunks', 'ledgers'], 'readwrite');
        const asked = run(transaction.objectStore('chunks'), transaction.objectStore('ledgers'));
        transaction.oncomplete = () => resolve(asked);
        transaction.onabort = () => {
          fail();
          resolve(undefined);
        };
        // An open transaction when the page is frozen would keep it from coming back.
        transaction.commit();
      } catch {
        fail();
        resolve(undefined);
      }
    });
  }

  async function list() {
    const [keys, rows] = (await transact((chunks, ledgers) => [chunks.getAllKeys(), ledgers.getAll()])) ?? [];
    return {
      keys: (keys?.result ?? []) as unknown as ChunkKey[],
      ledgers: ((rows?.result ?? []) as Ledger[]).map(restoreLedger),
    };
  }

  async function evict(): Promise<void> {
    const { keys } = await list();
    let excess = keys.reduce((bytes, key) => bytes + key[2], -MAX_STORED_BYTES);
    const last = keys.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
    const gone = last.filter((key) => {
      excess -= key[2];
      return excess + key[2] > 0;
    });
    if (gone.length === 0) return;
    await transact((chunks) => gone.map((key) => chunks.delete(key)));
    onEvict(gone);
  }

  return {
    isOpen: () => database !== undefined,
    write({ put = [], remove = [], ledgers = [], forget = [] }) {
      const written = transact((chunkStore, ledgerStore) => {
        for (const chunk of put) chunkStore.put(chunk, keyOf(chunk));
        for (const key of remove) chunkStore.delete(key);
        for (const ledger of ledgers) ledgerStore.put(ledger);
        for (const page of forget) ledgerStore.delete(page);
      });
      if (put.length > 0) evict().catch(fault);
      return written;
    },
    list,
    async read(keys) {
      const asked = await transact((chunks) => keys.map((key) => chunks.get(key)));
      return (asked ?? []).map(({ result }) => result as Chunk).filter(isChunk);
    },
    clear() {
      void transact((chunks, ledgers) => [chunks.clear(), ledgers.clear()]);
    },
  };
}
