import { fault, guard } from '../browser/guard.ts';
import type { DropReason } from '../wire/loss.ts';
import { ATTR_SESSION_ID } from '../wire/names.ts';
import type { OtlpLogRecord, OtlpResource, OtlpScope, OtlpSpan } from '../wire/otlp.ts';
import type { EpochMs } from '../wire/time.ts';
import { type Chunk, halve, PRIORITIES, type Priority, packChunks } from './chunk.ts';
import { createDeferredTail, MAX_DEFERRED_BYTES } from './deferred-tail.ts';
import { createKeeper } from './keeper.ts';
import { countDropped, createLedger, type Ledger } from './ledger.ts';
import { createPace } from './pace.ts';
import { type ExitWay, startPageLife, whenActivated } from './page-life.ts';
import { createQueue } from './queue.ts';
import { createSender, MAX_BATCH_BYTES } from './sender.ts';

export type { Priority } from './chunk.ts';

export interface DeliveryOptions {
  /** Where batches go: the collector's origin and INGEST_PATH, without a query. */
  url: string;
  key: string;
  /** Asked when records are queued, so a record keeps the resource of its time. Its `session.id` goes to the ledger. */
  resource: () => OtlpResource;
  scope: OtlpScope;
  /** The page's own `fetch`, taken before anything patched it. */
  fetch: typeof fetch;
  now: () => EpochMs;
  /** The collector's advice on the share of sessions to record. */
  onAdvice?: (advice: { ratio: number }) => void;
  /** Tells the developer; says the same sentence once only. */
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

const FLUSH_EVERY_MS = 5000;
/** How long a record may wait for others, by rank: the page that made an error may not last. */
const WAIT_MS = [250, FLUSH_EVERY_MS, FLUSH_EVERY_MS];
/** Storing sooner would write the same chunk again and again. */
const KEEP_AFTER_MS = 400;
/** What is stored is deferred less often: all of it is copied each time, and without it a later page would send it. */
const DEFER_EVERY_MS = 2000;
/** After an exit event, what is still reported (web vitals settle there) leaves in the same task. */
const EXIT_WINDOW_MS = 1000;
/** Traces an error was seen in; their later spans are part of its story. */
const MAX_ERROR_TRACES = 50;

export function createDelivery(options: DeliveryOptions): Delivery {
  const { key, now, mayStore, warn } = options;
  const ledger = createLedger();
  const ledgers = new Map([[ledger.page, ledger]]);
  const monotonicMs = () => performance.now();
  const pace = createPace(monotonicMs);
  const tail = createDeferredTail();
  const queue = createQueue({
    ledger,
    now,
    resource() {
      const resource = options.resource();
      const session = resource.attributes?.find((attribute) => attribute.key === ATTR_SESSION_ID);
      ledger.session ||= session?.value?.stringValue ?? '';
      return JSON.stringify(resource);
    },
    isKept: (chunk) => keeper.isKept(chunk),
    onEvict(chunk) {
      const books = ledgers.get(chunk.page);
      if (books && !keeper.park(chunk)) countDropped(books, 'queue_full', chunk.records);
    },
  });
  const keeper = createKeeper({
    name: `throughline ${key}`,
    own: ledger,
    ledgers,
    queue,
    mayStore,
    onDrain: () => schedule(0),
  });
  const sender = createSender({
    ...options,
    queue,
    ledgers,
    pace,
    isExiting,
    onAcknowledged({ chunks, told }, { sampling, partialSuccess }) {
      end(chunks, told);
      // Whatever stands between may answer in the collector's place.
      if (typeof sampling?.ratio === 'number') options.onAdvice?.({ ratio: sampling.ratio });
      if (partialSuccess?.errorMessage) warn(partialSuccess.errorMessage);
    },
    onTooLarge(chunk) {
      if (!queue.remove(chunk)) return;
      const parts = halve(chunk);
      for (const part of parts) queue.insert(part);
      keeper.replace(chunk, parts);
    },
    onRefused(chunks, status, { error }) {
      drop(chunks, status === 413 ? 'too_large' : 'refused');
      warn(`The collector answered ${status}${error ? `: ${error}` : '.'}`);
    },
  });
  const errorTraces = new Set<string>();
  let active = false;
  let stopped = false;
  let exitingUntil = 0;
  let exitQueued = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt: number | undefined;
  let keepTimer: ReturnType<typeof setTimeout> | undefined;
  let deferredAt = -DEFER_EVERY_MS;
  let sending: Promise<boolean> | undefined;

  function add(kind: 'spans' | 'logs', record: OtlpSpan | OtlpLogRecord, asked: Priority): void {
    ledger.produced += 1;
    if (stopped) {
      countDropped(ledger, 'stopped', 1);
      return;
    }
    const { traceId } = record;
    const priority = traceId && errorTraces.has(traceId) ? 'error' : asked;
    if (asked === 'error' && traceId && errorTraces.size < MAX_ERROR_TRACES) errorTraces.add(traceId);
    if (!queue.add(kind, JSON.stringify(record), priority)) {
      warn('A span or event over 30 KiB was dropped.');
      countDropped(ledger, 'too_large', 1);
      return;
    }
    keepSoon();
    if (isExiting()) exitSoon();
    // While a batch is on its way its answer plans the next.
    else if (!sending) schedule(queue.bytes() >= MAX_BATCH_BYTES ? 0 : WAIT_MS[PRIORITIES.indexOf(priority)]);
  }

  function isExiting(): boolean {
    return monotonicMs() < exitingUntil;
  }

  /** Takes chunks out for good: acknowledged, or dropped for a reason. */
  function end(chunks: readonly Chunk[], told: readonly string[] = [], reason?: DropReason): void {
    // One that is no longer here was given back, or is for the device alone: it comes again.
    const ended = chunks.filter(queue.remove);
    for (const { page, records } of ended) {
      const books = ledgers.get(page) as Ledger;
      if (reason) countDropped(books, reason, records);
      else books.acknowledged += records;
    }
    keeper.release(ended, told);
    // What is deferred still and was acknowledged is known to the collector.
    if (sender.waiting().length > 0) keepSoon();
    else tail.set();
  }

  function drop(chunks: readonly Chunk[], reason: DropReason): void {
    if (chunks.length > 0) end(chunks, [], reason);
  }

  function schedule(wantedMs = 0): void {
    const delayMs = Math.max(wantedMs, pace.waitMs());
    const at = monotonicMs() + delayMs;
    if (!active || stopped || (dueAt !== undefined && at >= dueAt)) return;
    dueAt = at;
    clearTimeout(timer);
    timer = setTimeout(
      guard(() => {
        dueAt = undefined;
        void pump();
      }),
      delayMs,
    );
  }

  /** What waits goes when it fills a batch, or when its time has come; `isUrgent` when the last batch has to go again. */
  function scheduleNext(isUrgent = false): void {
    const waiting = sender.waiting();
    if (waiting.length === 0) return;
    const bytes = waiting.reduce((sum, chunk) => sum + chunk.bytes, 0);
    const oldest = Math.min(...waiting.map(({ at, rank }) => at + (WAIT_MS[rank] as number)));
    // Chunks keep the wall clock, and that may have been set back since.
    schedule(isUrgent || bytes >= MAX_BATCH_BYTES ? 0 : Math.min(oldest - now(), FLUSH_EVERY_MS));
  }

  /** Sends one batch, then plans the next. Resolves to whether it was acknowledged. */
  function pump(): Promise<boolean> {
    if (!active || stopped) return Promise.resolve(false);
    const next = () =>
      sender.next().finally(() => {
        sending = undefined;
      });
    sending ??= attempt(next);
    return sending;
  }

  async function attempt(send: () => Promise<boolean>): Promise<boolean> {
    let isAcknowledged = false;
    try {
      isAcknowledged = await send();
    } catch (error) {
      fault(error);
      pace.failed();
    }
    guard(scheduleNext)(!isAcknowledged);
    return isAcknowledged;
  }

  /** What was added lately is stored or deferred, so that a crash takes half a second at most. */
  function keepSoon(): void {
    keepTimer ??= setTimeout(
      guard(() => {
        keepTimer = undefined;
        if (!active) return;
        keeper.keep();
        const isDue = monotonicMs() - deferredAt >= DEFER_EVERY_MS;
        if (isDue || !sender.waiting().every(keeper.isKept)) deferTail();
        else keepSoon();
      }),
      KEEP_AFTER_MS,
    );
  }

  function deferTail(): void {
    if (!active || !tail.supported) return;
    deferredAt = monotonicMs();
    const chunks = packChunks(sender.waiting(), MAX_DEFERRED_BYTES);
    tail.set(chunks.length > 0 ? sender.request(chunks) : undefined);
  }

  /** Sends what fits into the platform's quotas, the most important first, without any asynchronous step. */
  function exit(way: ExitWay): void {
    if (!active) return;
    exitingUntil = monotonicMs() + EXIT_WINDOW_MS;
    keeper.brace(way !== 'hidden');
    const waiting = sender.waiting();
    const leaving = packChunks(waiting, waiting.length > 0 ? sender.room() : 0);
    if (way === 'gone') {
      const rest = waiting.filter((chunk) => !leaving.includes(chunk));
      const deferred = tail.supported ? packChunks(rest, MAX_DEFERRED_BYTES) : [];
      drop(
        rest.filter((chunk) => !keeper.isKept(chunk) && !deferred.includes(chunk)),
        'page_exit',
      );
    }
    if (leaving.length > 0) void attempt(() => sender.last(leaving));
    deferTail();
  }

  /** What is reported by other listeners of the exit event leaves when they are done, still in the same task. */
  function exitSoon(): void {
    if (exitQueued) return;
    exitQueued = true;
    queueMicrotask(
      guard(() => {
        exitQueued = false;
        exit('hidden');
      }),
    );
  }

  function enter(): void {
    if (!active) return;
    exitingUntil = 0;
    keeper.enter();
    pace.hurry();
    keepSoon();
    scheduleNext(true);
  }

  const stopPageLife = startPageLife({ onExit: exit, onReturn: enter });
  whenActivated(() => {
    active = !stopped;
    enter();
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
      exit('gone');
      stopped = true;
      clearTimeout(timer);
      clearTimeout(keepTimer);
      stopPageLife();
    },
    discard() {
      drop(queue.seal(), 'stopped');
      keeper.clear();
    },
  };
}
