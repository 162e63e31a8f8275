import type { EpochMs } from '../wire/time.ts';
import { type Chunk, recordCount } from './chunk.ts';
import type { Ledger } from './ledger.ts';

/** Bytes kept on the device; beyond it the oldest chunks of the lowest priority go. */
const MAX_STORED_BYTES = 5 * 1024 * 1024;
/** How much is written between two looks at how full it is. */
const CENSUS_EVERY_BYTES = 256 * 1024;

/** What the key tells without reading the chunk. Keys sort by rank, then age. */
export type ChunkKey = [rank: number, at: EpochMs, bytes: number, records: number, page: string, id: string];

export interface OutboxChange {
  put?: readonly Chunk[];
  removeKeys?: readonly ChunkKey[];
  /** Ledgers as they stand now. */
  ledgers?: readonly Ledger[];
  /** Pages whose ledgers have told all there is to tell. */
  forget?: readonly string[];
}

/** Chunks and ledgers on the device, in IndexedDB, so that they outlive the page. */
export interface Outbox {
  /** One short transaction, committed at once: it may be the last thing the page does. */
  write(change: OutboxChange): void;
  isOpen(): boolean;
  /** Everything there is: the keys of all chunks and all ledgers. */
  list(): Promise<{ keys: ChunkKey[]; ledgers: Ledger[] }>;
  /** The chunks of `keys`; one that is gone or unreadable is left out. */
  read(keys: readonly ChunkKey[]): Promise<Chunk[]>;
  /** Forgets everything, of other pages too. */
  clear(): void;
}

export interface OutboxListener {
  onReady(): void;
  /** Chunks that had to go for lack of room. */
  onEvict(keys: readonly ChunkKey[]): void;
  /** Nothing can be stored (any more): denied, full, or broken. Called once. */
  onFailure(): void;
}

/** Opens the outbox `name`. Never throws or rejects: what goes wrong ends in `onFailure`. */
export function openOutbox(name: string, { onReady, onEvict, onFailure }: OutboxListener): Outbox {
  let database: IDBDatabase | undefined;
  let failed = false;
  // The first write looks at what earlier pages left.
  let sinceCensus = CENSUS_EVERY_BYTES;
  let ready: () => void;
  const opened = new Promise<void>((resolve) => {
    ready = resolve;
  });

  function fail(): void {
    if (failed) return;
    failed = true;
    database?.close();
    ready();
    onFailure();
  }

  try {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('chunks');
      request.result.createObjectStore('ledgers', { keyPath: 'page' });
    };
    request.onsuccess = () => {
      database = request.result;
      // The visitor clears the site's data, or a later version wants to upgrade.
      database.onversionchange = database.onclose = fail;
      ready();
      onReady();
    };
    request.onerror = fail;
  } catch {
    fail(); // expected: storage denied, or no IndexedDB
  }

  /** Resolves to what `run` asked for, once it is done; to nothing where the outbox failed. */
  function transact<T>(run: (chunks: IDBObjectStore, ledgers: IDBObjectStore) => T): Promise<T | undefined> {
    return new Promise((resolve) => {
      try {
        if (failed || !database) return resolve(undefined);
        const transaction = database.transaction(['chunks', 'ledgers'], 'readwrite', { durability: 'relaxed' });
        const asked = run(transaction.objectStore('chunks'), transaction.objectStore('ledgers'));
        transaction.oncomplete = () => resolve(asked);
        transaction.onabort = () => {
          resolve(undefined);
          fail();
        };
        // An open transaction when the page is frozen would keep it from coming back.
        transaction.commit();
      } catch {
        resolve(undefined);
        fail();
      }
    });
  }

  async function list() {
    await opened;
    const asked = await transact((chunks, ledgers) => [chunks.getAllKeys(), ledgers.getAll()] as const);
    return { keys: (asked?.[0].result ?? []) as unknown as ChunkKey[], ledgers: (asked?.[1].result ?? []) as Ledger[] };
  }

  async function census(): Promise<void> {
    const { keys } = await list();
    let excess = keys.reduce((bytes, key) => bytes + key[2], -MAX_STORED_BYTES);
    const evicted: ChunkKey[] = [];
    for (const key of keys.sort((a, b) => b[0] - a[0] || a[1] - b[1])) {
      if (excess <= 0) break;
      excess -= key[2];
      evicted.push(key);
    }
    if (evicted.length === 0) return;
    await transact((chunks) => evicted.map((key) => chunks.delete(key)));
    onEvict(evicted);
  }

  return {
    write({ put = [], removeKeys = [], ledgers = [], forget = [] }) {
      void transact((chunkStore, ledgerStore) => {
        for (const chunk of put) chunkStore.put(chunk, keyOf(chunk));
        for (const key of removeKeys) chunkStore.delete(key);
        for (const ledger of ledgers) ledgerStore.put({ ...ledger, at: Date.now() });
        for (const page of forget) ledgerStore.delete(page);
      });
      for (const chunk of put) sinceCensus += chunk.bytes;
      if (sinceCensus <= CENSUS_EVERY_BYTES) return;
      sinceCensus = 0;
      void census();
    },
    isOpen: () => database !== undefined && !failed,
    list,
    async read(keys) {
      const asked = await transact((chunks) => keys.map((key) => chunks.get(key)));
      return (asked ?? []).map(({ result }) => result as unknown).filter(isChunk);
    },
    clear() {
      void opened.then(() => transact((chunks, ledgers) => [chunks.clear(), ledgers.clear()]));
    },
  };
}

export function keyOf(chunk: Chunk): ChunkKey {
  return [chunk.rank, chunk.at, chunk.bytes, recordCount(chunk), chunk.page, chunk.id];
}

/** What comes from the device may be of another version, or spoilt. */
function isChunk(value: unknown): value is Chunk {
  const chunk = value as Chunk | undefined;
  const areTexts = (list: unknown) => Array.isArray(list) && list.every((text) => typeof text === 'string');
  return typeof chunk?.resource === 'string' && areTexts(chunk.spans) && areTexts(chunk.logs);
}
