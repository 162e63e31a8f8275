import { MAX_KEEPALIVE_BYTES } from '../wire/limits.ts';
import type { EpochMs } from '../wire/time.ts';
import { type Chunk, PRIORITIES, type Priority, utf8Bound } from './chunk.ts';

/** A chunk is closed at this size: small enough to pack 60 KiB well, large enough to store cheaply. */
const CHUNK_BYTES = 6 * 1024;
/** Half of what may leave with the page. */
const MAX_RECORD_BYTES = MAX_KEEPALIVE_BYTES / 2;
/** Unacknowledged records a page may hold in memory. */
export const MAX_QUEUE_BYTES = 1024 * 1024;

export interface QueueOptions {
  /** The books of the page that fills it. */
  ledger: { page: string };
  now: () => EpochMs;
  /** The resource as JSON, asked once a chunk. */
  resource: () => string;
  /** Whether a chunk is safe elsewhere, so that it may go from memory first. */
  isKept: (chunk: Chunk) => boolean;
  /** Called with a chunk that had to go for lack of room: the oldest of the lowest priority. */
  onEvict: (chunk: Chunk) => void;
}

/** What waits to be acknowledged, in memory; chunks stay in it while they are being sent. */
export interface Queue {
  /** All chunks by id, in order of arrival. */
  readonly chunks: ReadonlyMap<string, Chunk>;
  /** @returns false for a record that no request could carry */
  add(kind: 'spans' | 'logs', json: string, priority: Priority): boolean;
  insert(chunk: Chunk): void;
  /** @returns false when it was no longer here: a chunk answered twice counts once. */
  remove(chunk: Chunk): boolean;
  /** Closes the open chunks, and returns all of them in the order they should leave: by priority, oldest first. */
  seal(): Chunk[];
  bytes(): number;
}

export function createQueue({ ledger, now, resource, isKept, onEvict }: QueueOptions): Queue {
  const chunks = new Map<string, Chunk>();
  let open: (Chunk | undefined)[] = [];
  let bytes = 0;
  let sequence = 0;

  const queue: Queue = {
    chunks,
    add(kind, json, priority) {
      const rank = PRIORITIES.indexOf(priority);
      const size = utf8Bound(json) + 1;
      if (size > MAX_RECORD_BYTES) return false;
      let chunk = open[rank];
      if (!chunk || chunk.bytes + size > CHUNK_BYTES) {
        const { page } = ledger;
        const id = `${page}-${sequence++}`;
        chunk = { id, page, at: now(), rank, resource: resource(), spans: [], logs: [], records: 0, bytes: 0 };
        open[rank] = chunk;
        queue.insert(chunk);
      }
      chunk[kind].push(json);
      chunk.records += 1;
      chunk.bytes += size;
      bytes += size;
      while (bytes > MAX_QUEUE_BYTES) {
        const last = [...chunks.values()].sort((a, b) => b.rank - a.rank);
        const victim = last.find(isKept) ?? (last[0] as Chunk);
        queue.remove(victim);
        onEvict(victim);
      }
      return true;
    },
    insert(chunk) {
      chunks.set(chunk.id, chunk);
      bytes += chunk.bytes;
    },
    remove(chunk) {
      if (!chunks.delete(chunk.id)) return false;
      bytes -= chunk.bytes;
      if (open[chunk.rank] === chunk) open[chunk.rank] = undefined;
      return true;
    },
    seal() {
      open = [];
      return [...chunks.values()].sort((a, b) => a.rank - b.rank);
    },
    bytes: () => bytes,
  };
  return queue;
}
