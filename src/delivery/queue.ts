import type { EpochMs } from '../wire/time.ts';
import { type Chunk, PRIORITIES, type Priority, recordCount, utf8Bound } from './chunk.ts';

/** A chunk is closed at this size: small enough to pack 60 KiB well, large enough to store cheaply. */
const CHUNK_BYTES = 6 * 1024;

export interface QueueOptions {
  page: string;
  now: () => EpochMs;
  /** Bytes that may wait in memory; beyond it the oldest chunk of the lowest priority goes. */
  maxBytes: number;
  /** The resource as JSON, asked once a chunk. */
  resource: () => string;
  /** Called with a chunk that had to go for lack of room. */
  onEvict: (chunk: Chunk) => void;
}

/** What waits to be acknowledged, in memory; chunks stay in it while they are being sent. */
export interface Queue {
  add(kind: 'spans' | 'logs', json: string, priority: Priority): void;
  /** Closes the open chunks, so that they may be sent and stored. */
  seal(): void;
  /** Everything, open chunks included. */
  all(): Chunk[];
  has(id: string): boolean;
  /** All closed chunks in the order they should leave: by priority, oldest first. */
  sealed(): Chunk[];
  /** @returns how many records that were still here are gone; a chunk answered twice counts once. */
  remove(chunks: readonly Chunk[]): number;
  /** Puts chunks of another page, or halves of a split one, among the rest. */
  insert(chunks: readonly Chunk[]): void;
  /** Bytes of everything. */
  bytes(): number;
}

export function createQueue({ page, now, maxBytes, resource, onEvict }: QueueOptions): Queue {
  // Open chunks are in here too. A Map keeps the order of arrival.
  const chunks = new Map<string, Chunk>();
  const open: (Chunk | undefined)[] = PRIORITIES.map(() => undefined);
  let bytes = 0;
  let sequence = 0;

  function remove(gone: readonly Chunk[]): number {
    let records = 0;
    for (const chunk of gone) {
      if (!chunks.delete(chunk.id)) continue;
      records += recordCount(chunk);
      bytes -= chunk.bytes;
      if (open[chunk.rank] === chunk) open[chunk.rank] = undefined;
    }
    return records;
  }

  function insert(added: readonly Chunk[]): void {
    for (const chunk of added) {
      if (chunks.has(chunk.id)) continue;
      chunks.set(chunk.id, chunk);
      bytes += chunk.bytes;
    }
  }

  function evict(): void {
    while (bytes > maxBytes) {
      let victim: Chunk | undefined;
      for (const chunk of chunks.values()) if (!victim || chunk.rank > victim.rank) victim = chunk;
      if (!victim) return;
      remove([victim]);
      onEvict(victim);
    }
  }

  const all = () => [...chunks.values()];

  return {
    add(kind, json, priority) {
      const rank = PRIORITIES.indexOf(priority);
      const size = utf8Bound(json) + 1;
      let chunk = open[rank];
      if (!chunk || (chunk.bytes + size > CHUNK_BYTES && recordCount(chunk) > 0)) {
        chunk = {
          id: `${page}-${sequence++}`,
          page,
          at: now(),
          rank,
          resource: resource(),
          spans: [],
          logs: [],
          bytes: 0,
        };
        open[rank] = chunk;
        insert([chunk]);
      }
      chunk[kind].push(json);
      chunk.bytes += size;
      bytes += size;
      evict();
    },
    seal() {
      open.fill(undefined);
    },
    all,
    sealed: () =>
      all()
        .filter((chunk) => !open.includes(chunk))
        .sort((a, b) => a.rank - b.rank),
    has: (id) => chunks.has(id),
    remove,
    insert,
    bytes: () => bytes,
  };
}

/** A chunk as two halves under ids of their own; `undefined` when it holds a single record. */
export function splitChunk(chunk: Chunk): [Chunk, Chunk] | undefined {
  const count = recordCount(chunk);
  if (count < 2) return undefined;
  const middle = count >> 1;
  const all = [...chunk.spans, ...chunk.logs];
  const part = (suffix: string, from: number, to: number): Chunk => {
    const spans = chunk.spans.slice(from, to);
    const logs = chunk.logs.slice(Math.max(0, from - chunk.spans.length), Math.max(0, to - chunk.spans.length));
    let bytes = 0;
    for (const json of all.slice(from, to)) bytes += utf8Bound(json) + 1;
    return { ...chunk, id: chunk.id + suffix, spans, logs, bytes };
  };
  return [part('a', 0, middle), part('b', middle, count)];
}
