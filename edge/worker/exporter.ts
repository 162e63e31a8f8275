import { RETRYABLE_STATUSES } from '../../src/wire/ingest.ts';
import type { EpochMs } from '../../src/wire/time.ts';
import type { WaitUntil } from './invocation.ts';
import { countDropped, type Ledger } from './ledger.ts';
import type { Fetcher } from './options.ts';
import { readPartialSuccess } from './partial-success.ts';
import { warnOnce } from './warn.ts';

/** How long one request holds `waitUntil` open to collect the spans of the isolate's other requests. */
const WINDOW_MS = 200;
/** One POST. Collectors take 16 MiB; small bodies keep a worker's 128 MB free. */
const MAX_BATCH_CHARS = 1024 * 1024;
/** Everything waiting or in flight in one isolate. */
const MAX_PENDING_CHARS = 4 * 1024 * 1024;
/** One span; its attributes alone are limited to less. */
const MAX_SPAN_CHARS = 256 * 1024;
const POST_TIMEOUT_MS = 5000;
const MAX_ATTEMPTS = 3;
const FIRST_RETRY_MS = 250;
/** A collector may ask for more patience than waitUntil has (30 s after the response). */
const MAX_RETRY_MS = 5000;
/**
 * After a batch failed, spans are only queued for this long, doubled with each further failure, and then one attempt is
 * made: a collector that is down costs next to nothing.
 */
const PAUSE_MS = 5000;
const MAX_PAUSE_MS = 60_000;
/** A window or POST whose request was cancelled never reports back; after this long its spans are sent again. */
const ABANDONED_MS = 30_000;

export interface Exporter {
  /** Takes a finished span as OTLP/JSON text. Never throws, never waits. */
  enqueue(span: string, endMs: EpochMs, waitUntil: WaitUntil | undefined): void;
  /** Sends all that waits; resolves when it is acknowledged, or the collector does not take it now. */
  flush(): Promise<void>;
}

interface Batch {
  spans: string[];
  chars: number;
  takenMs: number;
}

interface Answer {
  /** Spans refused one by one, when the others were accepted. */
  rejected?: number;
  /** The status of an answer that is final: not to be tried again. */
  refusal?: number;
  retryAfterMs?: number;
}

export interface ExporterOptions {
  url: string;
  key: string | undefined;
  binding: Fetcher | undefined;
  /** The platform's own fetch, so that an export is never traced. */
  fetch: typeof fetch;
  /** What stands before and after the comma-separated spans of a body. */
  envelope: readonly [before: string, after: string];
  ledger: Ledger;
}

/**
 * Collects the spans of all requests of an isolate and posts them together. Only text crosses from one request to
 * another, because workerd forbids a request to touch another's promises and streams: whoever finds no window open opens
 * one, with its own timer, its own `waitUntil` and its own POST.
 */
export function createExporter({ url, key, binding, fetch, envelope, ledger }: ExporterOptions): Exporter {
  /** Oldest first; the last one takes more spans until it is full. */
  const waiting: Batch[] = [];
  const inFlight = new Set<Batch>();
  /** Of both. */
  let pendingChars = 0;
  let windowUntilMs = 0;
  let pausedUntilMs = 0;
  let failures = 0;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (key) headers['authorization'] = `Bearer ${key}`;

  function enqueue(span: string, nowMs: EpochMs, waitUntil: WaitUntil | undefined): void {
    ledger.produced += 1;
    ledger.pending += 1;
    const chars = span.length;
    const isTooLarge = chars > MAX_SPAN_CHARS;
    if (isTooLarge || pendingChars + chars > MAX_PENDING_CHARS) {
      countDropped(ledger, isTooLarge ? 'too_large' : 'queue_full', 1);
      return;
    }
    pendingChars += chars;
    let batch = waiting.at(-1);
    if (!batch || batch.chars + chars > MAX_BATCH_CHARS) {
      batch = { spans: [], chars: 0, takenMs: 0 };
      waiting.push(batch);
    }
    batch.spans.push(span);
    batch.chars += chars;
    if (nowMs < pausedUntilMs) return;
    // What has piled up in an outage is tried by one request alone.
    if (waiting.length > 1 && failures === 0) {
      hold(post(take()), waitUntil);
    } else if (nowMs >= windowUntilMs) {
      windowUntilMs = nowMs + ABANDONED_MS;
      for (const sent of inFlight) if (nowMs - sent.takenMs >= ABANDONED_MS) requeue(sent);
      hold(sleep(WINDOW_MS).then(drain), waitUntil);
    }
  }

  async function drain(): Promise<void> {
    windowUntilMs = 0;
    // What came while it was away is the next window's if it is little, else a busy isolate would post without end.
    while (waiting.length > 0 && Date.now() >= pausedUntilMs && (await post(take())) && waiting.length > 1);
  }

  function take(): Batch {
    const batch = waiting.shift() as Batch;
    batch.takenMs = Date.now();
    inFlight.add(batch);
    return batch;
  }

  /** Resolves to whether it was acknowledged. */
  async function post(batch: Batch): Promise<boolean> {
    const body = envelope[0] + batch.spans.join(',') + envelope[1];
    for (let attempt = 1; ; attempt++) {
      const answer = await postOnce(body);
      if (!inFlight.has(batch)) return false; // queued again while it was away; sent twice is stored once
      if (answer.rejected !== undefined) {
        const rejected = Math.min(answer.rejected, batch.spans.length);
        ledger.pending -= batch.spans.length;
        ledger.rejected += rejected;
        ledger.acknowledged += batch.spans.length - rejected;
        failures = 0;
        release(batch);
        return true;
      }
      if (answer.refusal) {
        countDropped(ledger, 'refused', batch.spans.length);
        warnOnce(`${url} refused spans with ${answer.refusal}: check options "collector" and "key".`);
        pausedUntilMs = Date.now() + PAUSE_MS;
        release(batch);
        return false;
      }
      if (failures > 0 || attempt === MAX_ATTEMPTS) {
        warnOnce(`${url} cannot be reached or is overloaded: spans wait in memory.`);
        const pauseMs = Math.max(answer.retryAfterMs ?? 0, PAUSE_MS * 2 ** failures);
        pausedUntilMs = Date.now() + Math.min(pauseMs, MAX_PAUSE_MS);
        failures += 1;
        requeue(batch);
        return false;
      }
      await sleep(Math.min(answer.retryAfterMs ?? FIRST_RETRY_MS * 2 ** attempt * (0.5 + Math.random()), MAX_RETRY_MS));
    }
  }

  async function postOnce(body: string): Promise<Answer> {
    ledger.exports += 1;
    try {
      // The platform would hand the key to whatever host a redirect names.
      const redirect = 'manual' as const;
      const init = { method: 'POST', headers, body, redirect, signal: AbortSignal.timeout(POST_TIMEOUT_MS) };
      const response = await (binding ? binding.fetch(url, init) : fetch(url, init));
      if (response.ok) return { rejected: await readPartialSuccess(response) };
      await response.body?.cancel();
      if (!RETRYABLE_STATUSES.has(response.status)) return { refusal: response.status };
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      return seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {};
    } catch {
      return {}; // expected: the collector is down, slow or cut the connection; the caller retries and counts
    }
  }

  function release(batch: Batch): void {
    inFlight.delete(batch);
    pendingChars -= batch.chars;
  }

  // As another batch, so that the POST it was sent by cannot take it for its own any more.
  function requeue(batch: Batch): void {
    inFlight.delete(batch);
    waiting.unshift({ ...batch });
  }

  return {
    enqueue,
    async flush() {
      while (waiting.length > 0 && (await post(take())));
    },
  };
}

function hold(work: Promise<unknown>, waitUntil: WaitUntil | undefined): void {
  try {
    waitUntil?.(work);
  } catch {
    // expected: a span that ended after its invocation; the work goes on as long as the platform lets it
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
