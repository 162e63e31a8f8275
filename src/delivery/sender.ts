import { randomHex, SPAN_ID_BYTES } from '../wire/ids.ts';
import type { IngestAnswer } from '../wire/ingest.ts';
import { encodeLedger } from '../wire/ledger.ts';
import { BATCH_TARGET_BYTES, MAX_KEEPALIVE_BYTES } from '../wire/limits.ts';
import type { OtlpScope } from '../wire/otlp.ts';
import type { EpochMs } from '../wire/time.ts';
import { type Chunk, encodeBody, packChunks, recordsOf, utf8Bound } from './chunk.ts';
import { canCompress, compress } from './compress.ts';
import type { Ledger } from './ledger.ts';
import type { Pace } from './pace.ts';
import { isHidden } from './page-life.ts';
import { batchUrl, post } from './post.ts';
import type { Queue } from './queue.ts';

export interface SenderOptions {
  url: string;
  key: string;
  scope: OtlpScope;
  fetch: typeof fetch;
  now: () => EpochMs;
  queue: Queue;
  ledgers: ReadonlyMap<string, Ledger>;
  pace: Pace;
  /** Whether the page is being left at this moment. */
  isExiting: () => boolean;
  /** Its chunks, still in the queue, are durably stored. */
  onAcknowledged: (batch: Batch, answer: IngestAnswer) => void;
  /** The collector takes less at once than this chunk of several records. */
  onTooLarge: (chunk: Chunk) => void;
  /** The collector will never take them. */
  onRefused: (chunks: readonly Chunk[], status: number, answer: IngestAnswer) => void;
}

/** Turns what is queued into requests, and their answers into what became of it. */
export interface Sender {
  /** Sends one batch, if the pace allows. Resolves to whether it was acknowledged. */
  next(): Promise<boolean>;
  /** Closed chunks no request carries that would outlive the page, in the order they should leave. */
  waiting(): Chunk[];
  /** Bytes that may leave with the page now: the platform fails the request that would pass its quota for the page. */
  room(): number;
  /** Sends `chunks`, which fit into `room`, without any asynchronous step before. Resolves when it is answered. */
  last(chunks: readonly Chunk[]): Promise<boolean>;
  /** A request for somebody else to send. */
  request(chunks: readonly Chunk[]): { url: string; body: string };
}

/** What one request carries, under the id it keeps when it has to be sent again. */
export interface Batch {
  id: string;
  chunks: readonly Chunk[];
  /** Pages whose totals it carries. */
  told?: readonly string[];
}

/**
 * OTLP/JSON shrinks to a quarter at most, so that a batch which will be compressed still fits into what may leave with the
 * page; commonly to a sixteenth, which is the target. Each further batch would cost a kilobyte and a millisecond.
 */
const COMPRESSION_RATIO = 4;
export const MAX_BATCH_BYTES = canCompress ? MAX_KEEPALIVE_BYTES * COMPRESSION_RATIO : BATCH_TARGET_BYTES;

export function createSender(options: SenderOptions): Sender {
  const { url, key, scope, fetch, now, queue, ledgers, pace } = options;
  /** Taken before anything patched it. */
  const sendBeacon = (navigator as Partial<Navigator>).sendBeacon?.bind(navigator);
  /** Chunks in requests that outlive the page, and the bytes of those requests. */
  const leaving = new Set<Chunk>();
  let leavingBytes = 0;
  let batchBytes = MAX_BATCH_BYTES;
  let unanswered: Batch | undefined;

  const waiting = () => queue.seal().filter((chunk) => !leaving.has(chunk));
  const newBatch = (chunks: readonly Chunk[]): Batch => ({ id: randomHex(SPAN_ID_BYTES), chunks });

  function encode(batch: Batch): string {
    const { chunks } = batch;
    batch.told = [...ledgers.keys()];
    const sentAt = now();
    const books: string[] = [];
    for (const [page, { session, at: _, page: __, ...totals }] of ledgers) {
      const carried = recordsOf(page, chunks);
      totals.acknowledged += carried;
      totals.pending += recordsOf(page, queue.chunks.values()) - carried;
      books.push(JSON.stringify(encodeLedger({ page, session, totals }, sentAt)));
    }
    return encodeBody(chunks, scope, sentAt, books);
  }

  /** The batch that was not answered, as it was and under its id, so that the collector can tell; else a new one. */
  function nextBatch(): Batch {
    const free = waiting();
    if (unanswered?.chunks.every((chunk) => free.includes(chunk))) return unanswered;
    const chunks = packChunks(free, batchBytes);
    // A chunk larger than a batch goes alone.
    return newBatch(chunks.length > 0 ? chunks : free.slice(0, 1));
  }

  async function send(batch: Batch, body: string | ArrayBuffer): Promise<boolean> {
    const { id, chunks } = batch;
    const isText = typeof body === 'string';
    const bytes = isText ? utf8Bound(body) : body.byteLength;
    const keepalive = leavingBytes + bytes <= MAX_KEEPALIVE_BYTES;
    if (keepalive) {
      leavingBytes += bytes;
      for (const chunk of chunks) leaving.add(chunk);
    }
    const address = batchUrl(url, key, id, !isText);
    const beacon = () => options.isExiting() && !!sendBeacon?.(address, body);
    const { kind, answer, retryAfterMs, status = 0 } = await post(fetch, address, body, keepalive, beacon);
    if (keepalive) leavingBytes -= bytes;
    for (const chunk of chunks) leaving.delete(chunk);
    unanswered = undefined;
    if (kind === 'acknowledged') {
      pace.succeeded();
      options.onAcknowledged(batch, answer);
      return true;
    }
    const [first] = chunks;
    if (kind === 'split' && first && (chunks.length > 1 || first.records > 1)) {
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
      if (chunks.length > 1) batchBytes = Math.min(batchBytes, bytes) / 2;
      else options.onTooLarge(first);
      return false;
    }
    // A wrong key stays wrong: no need to hear that every few seconds either.
    pace.failed(retryAfterMs);
    if (kind === 'retry') unanswered = batch;
    else options.onRefused(chunks, status, answer);
    return false;
  }

  return {
    waiting,
    async next() {
      const batch = nextBatch();
      const { chunks } = batch;
      if (chunks.length === 0 || !pace.take()) return false;
      const text = encode(batch);
      // A hidden page may be gone before it is compressed; what could not outlive it anyway is.
      const body = isHidden() && text.length <= MAX_KEEPALIVE_BYTES ? text : await compress(text);
      // While it was compressed the page may have been left, and the same chunks have gone uncompressed.
      const free = waiting();
      return chunks.every((chunk) => free.includes(chunk)) && send(batch, body);
    },
    room: () => (pace.take(true) ? MAX_KEEPALIVE_BYTES - leavingBytes : 0),
    last(chunks) {
      const batch = newBatch(chunks);
      return send(batch, encode(batch));
    },
    request(chunks) {
      const batch = newBatch(chunks);
      return { url: batchUrl(url, key, batch.id), body: encode(batch) };
    },
  };
}
