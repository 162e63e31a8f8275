import { randomHex, SPAN_ID_BYTES } from '../wire/ids.ts';
import { BATCH_TARGET_BYTES, MAX_KEEPALIVE_BYTES } from '../wire/limits.ts';
import type { DropReason } from '../wire/loss.ts';
import type { OtlpLogRecord, OtlpResource, OtlpScope, OtlpSpan } from '../wire/otlp.ts';
import type { EpochMs } from '../wire/time.ts';
import { type Chunk, countRecords, encodeBody, type Priority, packChunks, recordCount, utf8Bound } from './chunk.ts';
import { canCompress, compress } from './compress.ts';
import { createKeepaliveBudget } from './keepalive-budget.ts';
import { countDropped, createLedger, encodeLedger } from './ledger.ts';
import { createPace } from './pace.ts';
import { isHidden, startPageLife, whenActivated } from './page-life.ts';
import { batchUrl, type Outcome, post } from './post.ts';
import { createQueue, splitChunk } from './queue.ts';

export type { Priority } from './chunk.ts';

export interface DeliveryOptions {
  /** Where batches go: the collector's origin and INGEST_PATH, without a query. */
  url: string;
  key: string;
  /** Asked when records are queued, so a record keeps the resource of its time. */
  resource: () => OtlpResource;
  scope: OtlpScope;
  /** The page's own `fetch`, taken before anything patched it. */
  fetch: typeof fetch;
  now: () => EpochMs;
  /** The collector's advice on the share of sessions to record. */
  onAdvice?: (advice: { ratio: number }) => void;
  /** Called at most once for each message. */
  warn: (message: string) => void;
  /** Whether the visitor's consent lets us keep unsent records on the device. Asked each time. */
  mayStore: () => boolean;
}

/** Gets spans and events to the collector, and counts what became of every one. Nothing here throws. */
export interface Delivery {
  span(span: OtlpSpan, priority: Priority): void;
  event(record: OtlpLogRecord, priority: Priority): void;
  /** Counts records that were made and will not be handed over, with the reason. */
  count(kind: 'unsampled' | DropReason, records: number): void;
  /** Sends what waits; resolves when all of it is answered or the first request failed. Never rejects. */
  flush(): Promise<void>;
  /** Sends what waits one last time and stops; what comes later is counted as dropped. */
  stop(): void;
  /** Consent was refused: everything unsent is forgotten, and counted. */
  discard(): void;
}

/** What one request carries, under the id it keeps when it has to be sent again. */
interface Batch {
  id: string;
  chunks: readonly Chunk[];
}

/** Unacknowledged records a page may hold in memory. */
const MAX_MEMORY_BYTES = 1024 * 1024;
const FLUSH_EVERY_MS = 5000;
/** Errors leave sooner: the page that made them may not last. */
const FLUSH_ERROR_MS = 250;
/** OTLP/JSON shrinks at least this much, so a batch that will be compressed may hold as many times its target. */
const COMPRESSION_RATIO = 4;
/** However small a collector wants it; a batch holds at least one chunk. */
const MIN_BATCH_BYTES = 4096;
/** After an exit event, what is still reported (web vitals settle there) leaves in the same task. */
const EXIT_WINDOW_MS = 1000;
/** Traces an error was seen in; their later spans are part of its story. */
const MAX_ERROR_TRACES = 50;

export function createDelivery(options: DeliveryOptions): Delivery {
  const { url, key, scope, fetch, now } = options;
  const page = randomHex(SPAN_ID_BYTES);
  const ledger = createLedger(page);
  const monotonicMs = () => performance.now();
  const pace = createPace(monotonicMs);
  const budget = createKeepaliveBudget();
  const queue = createQueue({
    page,
    maxBytes: MAX_MEMORY_BYTES,
    resource: () => JSON.stringify(options.resource()),
    onEvict: (chunk) => countDropped(ledger, 'queue_full', recordCount(chunk)),
  });
  /** Chunks a request carries that outlives the page. */
  const leaving = new Set<Chunk>();
  const errorTraces = new Set<string>();
  const warned = new Set<string>();
  let batchBytes = BATCH_TARGET_BYTES * (canCompress ? COMPRESSION_RATIO : 1);
  let active = false;
  let stopped = false;
  let exitingUntil = 0;
  let exitQueued = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let sending: Promise<boolean> | undefined;
  let unanswered: Batch | undefined;

  function warn(message: string): void {
    if (warned.has(message)) return;
    warned.add(message);
    options.warn(message);
  }

  function add(kind: 'spans' | 'logs', record: OtlpSpan | OtlpLogRecord, asked: Priority): void {
    ledger.produced += 1;
    if (stopped) {
      countDropped(ledger, 'stopped', 1);
      return;
    }
    const { traceId } = record;
    const priority = traceId && errorTraces.has(traceId) ? 'error' : asked;
    if (asked === 'error' && traceId && errorTraces.size < MAX_ERROR_TRACES) errorTraces.add(traceId);
    const json = JSON.stringify(record);
    if (utf8Bound(json) > MAX_KEEPALIVE_BYTES / 2) {
      warn('A span or event larger than 30 KiB was dropped.');
      countDropped(ledger, 'too_large', 1);
      return;
    }
    queue.add(kind, json, priority);
    if (monotonicMs() < exitingUntil) exitSoon();
    else if (priority === 'error') schedule(FLUSH_ERROR_MS);
    else schedule(queue.size().bytes >= batchBytes ? 0 : FLUSH_EVERY_MS);
  }

  function schedule(delayMs: number): void {
    const at = monotonicMs() + delayMs;
    if (!active || stopped || at >= dueAt) return;
    dueAt = at;
    clearTimeout(timer);
    timer = setTimeout(() => {
      dueAt = Number.POSITIVE_INFINITY;
      void pump();
    }, delayMs);
  }

  function scheduleNext(): void {
    // Closed chunks did not fit into the last batch, or have to go again.
    if (queue.sealed().some((chunk) => !leaving.has(chunk))) schedule(pace.waitMs());
    else if (queue.size().records > 0) schedule(FLUSH_EVERY_MS);
  }

  /** The next batch: whole chunks in order, as many as fit. */
  function pack(maxBytes: number): Chunk[] {
    return packChunks(
      queue.sealed().filter((chunk) => !leaving.has(chunk)),
      maxBytes,
    );
  }

  function encode(chunks: readonly Chunk[]): string {
    const sentAt = now();
    const carried = countRecords(chunks);
    const pending = queue.size().records - carried;
    const totals = [JSON.stringify(encodeLedger({ ledger, pending, carried }, sentAt))];
    return encodeBody({ chunks, scope, sentAt, ledger: totals });
  }

  /** Sends one batch, then plans the next. Resolves to whether it got through and there is more. */
  function pump(): Promise<boolean> {
    sending ??= sendNext().finally(() => {
      sending = undefined;
      scheduleNext();
    });
    return sending;
  }

  async function sendNext(): Promise<boolean> {
    if (!active || stopped) return false;
    const batch = nextBatch();
    if (batch.chunks.length === 0 || pace.waitMs() > 0 || !pace.take()) return false;
    const text = encode(batch.chunks);
    const body = isHidden() ? text : await compress(text);
    // While it was compressed the page may have been left, and the same chunks have gone uncompressed.
    if (batch.chunks.some((chunk) => leaving.has(chunk))) return false;
    const outcome = await send(batch, body);
    unanswered = outcome.kind === 'retry' ? batch : undefined;
    settle(batch.chunks, outcome);
    return outcome.kind === 'acknowledged';
  }

  /** The batch that was not answered, as it was and under its id, so that the collector can tell; else a new one. */
  function nextBatch(): Batch {
    queue.seal();
    const waiting = queue.sealed();
    if (unanswered?.chunks.every((chunk) => waiting.includes(chunk) && !leaving.has(chunk))) return unanswered;
    let chunks = pack(batchBytes);
    // A chunk larger than a batch goes alone.
    if (chunks.length === 0) chunks = pack(Number.POSITIVE_INFINITY).slice(0, 1);
    return { id: randomHex(SPAN_ID_BYTES), chunks };
  }

  async function send({ id, chunks }: Batch, body: string | Blob): Promise<Outcome> {
    const release = budget.reserve(typeof body === 'string' ? utf8Bound(body) : body.size);
    if (release) for (const chunk of chunks) leaving.add(chunk);
    const outcome = await post({ fetch, url, key, batchId: id, body, keepalive: release !== undefined });
    release?.();
    for (const chunk of chunks) leaving.delete(chunk);
    return outcome;
  }

  function settle(chunks: readonly Chunk[], outcome: Outcome): void {
    switch (outcome.kind) {
      case 'acknowledged': {
        pace.succeeded();
        ledger.acknowledged += queue.remove(chunks);
        const { sampling, partialSuccess } = outcome.answer;
        if (typeof sampling?.ratio === 'number') options.onAdvice?.({ ratio: sampling.ratio });
        if (partialSuccess?.errorMessage) warn(partialSuccess.errorMessage);
        return;
      }
      case 'retry':
        pace.failed(outcome.retryAfterMs);
        return;
      case 'split':
        split(chunks);
        return;
      case 'refused':
        warn(outcome.message);
        drop(chunks, 'refused');
        // A wrong key stays wrong: no need to hear it every few seconds.
        pace.failed();
    }
  }

  function split(chunks: readonly Chunk[]): void {
    batchBytes = Math.max(MIN_BATCH_BYTES, batchBytes / 2);
    const [chunk, ...more] = chunks;
    if (chunk && more.length === 0) {
      const halves = splitChunk(chunk);
      if (halves) {
        queue.remove([chunk]);
        queue.insert(halves);
      } else drop([chunk], 'too_large');
    }
    schedule(0);
  }

  function drop(chunks: readonly Chunk[], reason: DropReason): void {
    const records = queue.remove(chunks);
    if (records > 0) countDropped(ledger, reason, records);
  }

  /** Sends what fits into the platform's exit quota, the most important first, without any asynchronous step. */
  function exit(final: boolean): void {
    if (!active) return;
    exitingUntil = monotonicMs() + EXIT_WINDOW_MS;
    queue.seal();
    const chunks = pace.take(true) ? pack(budget.available()) : [];
    if (final) {
      drop(
        queue.sealed().filter((chunk) => !leaving.has(chunk) && !chunks.includes(chunk)),
        'page_exit',
      );
    }
    if (chunks.length === 0) return;
    const body = encode(chunks);
    const batch = { id: randomHex(SPAN_ID_BYTES), chunks };
    if ('keepalive' in Request.prototype) {
      void send(batch, body).then((outcome) => {
        settle(chunks, outcome);
        scheduleNext();
      });
      return;
    }
    const release = budget.reserve(utf8Bound(body));
    if (release && navigator.sendBeacon(batchUrl(url, key, batch.id, false), body)) {
      // A beacon never says what became of it; what was handed over is taken as sent, as the platform promises.
      settle(chunks, { kind: 'acknowledged', answer: {} });
      setTimeout(release, EXIT_WINDOW_MS);
    } else release?.();
  }

  /** What is reported by other listeners of the exit event leaves when they are done, still in the same task. */
  function exitSoon(): void {
    if (exitQueued) return;
    exitQueued = true;
    queueMicrotask(() => {
      exitQueued = false;
      exit(false);
    });
  }

  const stopPageLife = startPageLife({
    onExit: exit,
    onReturn() {
      exitingUntil = 0;
      pace.hurry();
      schedule(0);
    },
  });
  whenActivated(() => {
    active = !stopped;
    if (queue.size().records > 0) schedule(FLUSH_EVERY_MS);
  });

  return {
    span: (span, priority) => add('spans', span, priority),
    event: (record, priority) => add('logs', record, priority),
    count(kind, records) {
      ledger.produced += records;
      if (kind === 'unsampled') ledger.unsampled += records;
      else countDropped(ledger, kind, records);
    },
    async flush() {
      await sending;
      while (await pump());
    },
    stop() {
      exit(false);
      stopped = true;
      clearTimeout(timer);
      stopPageLife();
    },
    discard() {
      queue.seal();
      drop(queue.sealed(), 'stopped');
    },
  };
}
