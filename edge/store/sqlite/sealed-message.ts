import type { Measurement } from '../rollup.ts';
import type { SealedChunk, SealedTrace } from '../sql/part-writer.ts';
import { emptySummary, type SummaryState } from '../summary.ts';

/**
 * Sealed traces on their way to another thread. Chunks are one stretch of memory, which is handed over and not copied; of
 * the rest values go without their names, in one list, because cloning objects costs more than all else here.
 */
export interface SealedMessage {
  values: unknown[];
  /** Ids and body of each chunk. */
  bytes: Uint8Array<ArrayBuffer>;
  hashes: Uint32Array<ArrayBuffer>;
  /** Of each chunk: bytes of ids, bytes of body, hashes. */
  lengths: Uint32Array<ArrayBuffer>;
}

const STATE_KEYS = Object.keys(emptySummary('')) as (keyof SummaryState)[];
/** Of what is said of requests; the others are of web vitals alone. */
const REQUEST_KEYS = [
  'measure',
  'hour',
  'service',
  'route',
  'device',
  'value',
  'units',
  'error',
  'isRoot',
  'isServed',
] as const satisfies readonly (keyof Measurement)[];

export function packSealed(traces: readonly SealedTrace[]): SealedMessage {
  const values: unknown[] = [];
  for (const { state, before, requests, newSpans, newLogs, chunks } of traces) {
    values.push(newSpans, newLogs, chunks.length, requests.length, before !== undefined);
    for (const request of requests) pushRequest(values, request);
    pushState(values, state);
    if (before) pushState(values, before);
  }
  return { values, ...packChunks(traces.flatMap(({ chunks }) => chunks)) };
}

function packChunks(chunks: readonly SealedChunk[]): Omit<SealedMessage, 'values'> {
  const lengths = new Uint32Array(chunks.length * 3);
  let byteLength = 0;
  let hashCount = 0;
  chunks.forEach(({ ids, body, hashes }, i) => {
    lengths[i * 3] = ids.length;
    lengths[i * 3 + 1] = body.length;
    lengths[i * 3 + 2] = hashes.length;
    byteLength += ids.length + body.length;
    hashCount += hashes.length;
  });
  const bytes = new Uint8Array(byteLength);
  const allHashes = new Uint32Array(hashCount);
  let at = 0;
  let hashAt = 0;
  for (const { ids, body, hashes } of chunks) {
    bytes.set(ids, at);
    bytes.set(body, at + ids.length);
    at += ids.length + body.length;
    allHashes.set(hashes, hashAt);
    hashAt += hashes.length;
  }
  return { bytes, hashes: allHashes, lengths };
}

/** What can be handed over with a message. */
export function buffersOf({ bytes, hashes, lengths }: SealedMessage): ArrayBuffer[] {
  return [bytes.buffer, hashes.buffer, lengths.buffer];
}

export function unpackSealed({ values, ...packed }: SealedMessage): SealedTrace[] {
  const nextChunk = chunksOf(packed);
  const traces: SealedTrace[] = [];
  let at = 0;
  const take = <T>(): T => values[at++] as T;
  while (at < values.length) {
    const newSpans = take<number>();
    const newLogs = take<number>();
    const chunkCount = take<number>();
    const requestCount = take<number>();
    const hasBefore = take<boolean>();
    const requests = Array.from({ length: requestCount }, () => takeRequest(take));
    const state = takeState(take);
    const before = hasBefore ? takeState(take) : undefined;
    traces.push({ state, before, requests, newSpans, newLogs, chunks: Array.from({ length: chunkCount }, nextChunk) });
  }
  return traces;
}

function chunksOf({ bytes, hashes, lengths }: Omit<SealedMessage, 'values'>): () => SealedChunk {
  const all = Buffer.from(bytes.buffer);
  let at = 0;
  let hashAt = 0;
  let next = 0;
  return () => {
    const bodyAt = at + (lengths[next] as number);
    const end = bodyAt + (lengths[next + 1] as number);
    const hashEnd = hashAt + (lengths[next + 2] as number);
    const ids = all.subarray(at, bodyAt);
    const chunk = { ids, body: all.subarray(bodyAt, end), hashes: hashes.subarray(hashAt, hashEnd) };
    at = end;
    hashAt = hashEnd;
    next += 3;
    return chunk;
  };
}

function pushState(values: unknown[], state: SummaryState): void {
  for (const key of STATE_KEYS) values.push(state[key]);
}

function takeState(take: () => unknown): SummaryState {
  const state: Record<string, unknown> = { ...emptySummary('') };
  for (const key of STATE_KEYS) state[key] = take();
  return state as unknown as SummaryState;
}

function pushRequest(values: unknown[], request: Measurement): void {
  for (const key of REQUEST_KEYS) values.push(request[key]);
}

function takeRequest(take: () => unknown): Measurement {
  const request: Record<string, unknown> = {};
  for (const key of REQUEST_KEYS) request[key] = take();
  return request as unknown as Measurement;
}
