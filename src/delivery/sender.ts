import { randomHex, SPAN_ID_BYTES } from '../wire/ids.ts';
import type { IngestAnswer } from '../wire/ingest.ts';
import { BATCH_TARGET_BYTES } from '../wire/limits.ts';
import type { DropReason } from '../wire/loss.ts';
import type { OtlpScope } from '../wire/otlp.ts';
import type { EpochMs } from '../wire/time.ts';
import { type Chunk, encodeBody, packChunks, utf8Bound } from './chunk.ts';
import { canCompress, compress } from './compress.ts';
import { createKeepaliveBudget } from './keepalive-budget.ts';
import { type Account, encodeLedger, type Ledger } from './ledger.ts';
import type { Pace } from './pace.ts';
import { isHidden } from './page-life.ts';
import { batchUrl, type Outcome, post } from './post.ts';
import { type Queue, splitChunk } from './queue.ts';

export interface SenderOptions {
  url: string;
  key: string;
  scope: OtlpScope;
  fetch: typeof fetch;
  now: () => EpochMs;
  queue: Queue;
  accounts: Map<string, Account>;
  pace: Pace;
  /** These chunks were sent and durably stored; they are still in the queue. */
  onAcknowledged: (chunks: readonly Chunk[], answer: IngestAnswer) => void;
  onRefused: (chunks: readonly Chunk[], reason: DropReason, message?: string) => void;
  /** This chunk is too large for the collector and has to go in halves. */
  onSplit: (chunk: Chunk, halves: readonly Chunk[]) => void;
  /** An answer came for what was sent at exit, and the page is still there. */
  onLateAnswer: () => void;
}

/** Turns what is queued into requests, and their answers into what became of it. */
export interface Sender {
  /** Sends one batch, if the pace allows. Resolves to whether one was acknowledged. */
  next(): Promise<boolean>;
  /** Closed chunks no request carries that would outlive the page, in the order they should leave. */
  waiting(): Chunk[];
  /** Bytes that may leave with the page now; each call takes the right to one request. */
  room(): number;
  /** Sends `chunks`, which fit into `room`, without any asynchronous step. */
  last(chunks: readonly Chunk[]): void;
  /** A body and its address for somebody else to send. */
  request(chunks: readonly Chunk[]): { url: string; body: string };
}

/** What one request carries, under the id it keeps when it has to be sent again. */
interface Batch {
  id: string;
  chunks: readonly Chunk[];
}

/** Ledgers in a batch, each with its progress when the batch has arrived. */
type Told = [Ledger, number][];

/** OTLP/JSON shrinks at least this much, so a batch that will be compressed may hold as many times its target. */
const COMPRESSION_RATIO = 4;
/** However small a collector wants it; a batch holds at least one chunk. */
const MIN_BATCH_BYTES = 4096;
/** A beacon does not say when it is through. */
const BEACON_MS = 1000;

export const MAX_BATCH_BYTES = BATCH_TARGET_BYTES * (canCompress ? COMPRESSION_RATIO : 1);

export function createSender(options: SenderOptions): Sender {
  const { url, key, scope, fetch, now, queue, accounts, pace } = options;
  const { onAcknowledged, onRefused, onSplit, onLateAnswer } = options;
  const budget = createKeepaliveBudget();
  const leaving = new Set<Chunk>();
  let batchBytes = MAX_BATCH_BYTES;
  let unanswered: Batch | undefined;

  const waiting = () => queue.sealed().filter((chunk) => !leaving.has(chunk));
  const newId = () => randomHex(SPAN_ID_BYTES);

  function encode(chunks: readonly Chunk[]): { body: string; told: Told } {
    const sentAt = now();
    const held = queue.all();
    const told: Told = [];
    const ledger: string[] = [];
    for (const account of accounts.values()) {
      const { record, progress } = encodeLedger(account, held, chunks, sentAt);
      ledger.push(JSON.stringify(record));
      told.push([account.ledger, progress]);
    }
    return { body: encodeBody({ chunks, scope, sentAt, ledger }), told };
  }

  /** The batch that was not answered, as it was and under its id, so that the collector can tell; else a new one. */
  function nextBatch(): Batch {
    const free = waiting();
    if (unanswered?.chunks.every((chunk) => free.includes(chunk))) return unanswered;
    const chunks = packChunks(free, batchBytes);
    // A chunk larger than a batch goes alone.
    return { id: newId(), chunks: chunks.length > 0 ? chunks : free.slice(0, 1) };
  }

  async function send(batch: Batch, body: string | Blob, told: Told): Promise<boolean> {
    const { id, chunks } = batch;
    const release = budget.reserve(typeof body === 'string' ? utf8Bound(body) : body.size);
    if (release) for (const chunk of chunks) leaving.add(chunk);
    const address = batchUrl(url, key, id, typeof body !== 'string');
    const outcome = await post({ fetch, url: address, body, keepalive: release !== undefined });
    release?.();
    for (const chunk of chunks) leaving.delete(chunk);
    unanswered = outcome.kind === 'retry' ? batch : undefined;
    settle(chunks, outcome, told);
    return outcome.kind === 'acknowledged';
  }

  function settle(chunks: readonly Chunk[], outcome: Outcome, told: Told): void {
    switch (outcome.kind) {
      case 'acknowledged':
        pace.succeeded();
        for (const [ledger, progress] of told) ledger.reported = progress;
        onAcknowledged(chunks, outcome.answer);
        return;
      case 'retry':
        pace.failed(outcome.retryAfterMs);
        return;
      case 'split':
        split(chunks);
        return;
      case 'refused':
        // A wrong key stays wrong: no need to hear it every few seconds.
        pace.failed();
        onRefused(chunks, 'refused', outcome.message);
    }
  }

  function split(chunks: readonly Chunk[]): void {
    batchBytes = Math.max(MIN_BATCH_BYTES, batchBytes / 2);
    const [chunk, another] = chunks;
    if (!chunk || another) return;
    const halves = splitChunk(chunk);
    if (halves) onSplit(chunk, halves);
    else onRefused(chunks, 'too_large');
  }

  return {
    waiting,
    async next() {
      queue.seal();
      const batch = nextBatch();
      if (batch.chunks.length === 0 || pace.waitMs() > 0 || !pace.take()) return false;
      const { body, told } = encode(batch.chunks);
      const sent = isHidden() ? body : await compress(body);
      // While it was compressed the page may have been left, and the same chunks have gone uncompressed.
      const free = waiting();
      return batch.chunks.every((chunk) => free.includes(chunk)) && send(batch, sent, told);
    },
    last(chunks) {
      if (chunks.length === 0) return;
      const batch = { id: newId(), chunks };
      const { body, told } = encode(chunks);
      if ('keepalive' in Request.prototype) {
        void send(batch, body, told).then(onLateAnswer);
        return;
      }
      const release = budget.reserve(utf8Bound(body));
      if (release && navigator.sendBeacon(batchUrl(url, key, batch.id, false), body)) {
        // A beacon never says what became of it; what the platform took over is taken for sent.
        settle(chunks, { kind: 'acknowledged', answer: {} }, told);
        setTimeout(release, BEACON_MS);
      } else release?.();
    },
    room: () => (pace.take(true) ? budget.available() : 0),
    request(chunks) {
      return { url: batchUrl(url, key, newId(), false), body: encode(chunks).body };
    },
  };
}
