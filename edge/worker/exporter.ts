import { RETRYABLE_STATUSES } from '../../src/wire/ingest.ts';
import type { EpochMs } from '../../src/wire/time.ts';
import type { WaitUntil } from './invocation.ts';
import { countDropped, type Ledger } from './ledger.ts';
import { readPartialSuccess } from './partial-success.ts';
import type { Fetcher } from './settings.ts';
import { warnOnce } from './warn.ts';

/** How long one request holds `waitUntil` open to collect the spans of the isolate's other requests. */
const WINDOW_MS = 200;
/** So much is posted without waiting for the window's end. */
const BATCH_CHARS = 1024 * 1024;
/** Everything waiting or in flight in one isolate, and so the largest POST: collectors take 16 MiB, and a worker has 128 MB. */
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

/** What became of one POST; neither count nor refusal: it may be tried again. */
interface Answer {
  /** Spans refused one by one, when the others were accepted. */
  rejected?: number;
  /** The status of an answer that is final. */
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
  let waiting: Batch = { spans: [], chars: 0, takenMs: 0 };
  const inFlight = new Set<Batch>();
  /** Waiting and in flight. */
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
    waiting.spans.push(span);
    waiting.chars += chars;
    if (nowMs < pausedUntilMs) return;
    // What has piled up in an outage is tried by one request alone.
    if (waiting.chars >= BATCH_CHARS && failures === 0) {
      hold(post(), waitUntil);
    } else if (nowMs >= windowUntilMs) {
      windowUntilMs = nowMs + ABANDONED_MS;
      for (const batch of inFlight) if (nowMs - batch.takenMs >= ABANDONED_MS) requeue(batch);
      hold(sleep(WINDOW_MS).then(drain), waitUntil);
    }
  }

  async function drain(): Promise<void> {
    windowUntilMs = 0;
    // What came while it was away is the next window's if it is little, else a busy isolate would post without end.
    while (waiting.chars > 0 && Date.now() >= pausedUntilMs && (await post()) && waiting.chars >= BATCH_CHARS);
  }

  // As part of another batch, so that the POST it went with cannot take it for its own any more.
  function requeue(batch: Batch): void {
    inFlight.delete(batch);
    waiting = { spans: batch.spans.concat(waiting.spans), chars: batch.chars + waiting.chars, takenMs: 0 };
  }

  /** Posts what waits; resolves to whether it was acknowledged. */
  async function post(): Promise<boolean> {
    const batch = waiting;
    const count = batch.spans.length;
    const body = envelope[0] + batch.spans.join() + envelope[1];
    batch.takenMs = Date.now();
    inFlight.add(batch);
    waiting = { spans: [], chars: 0, takenMs: 0 };
    for (let attempt = 1; ; attempt++) {
      const { rejected, refusal, retryAfterMs } = await postOnce(body);
      if (!inFlight.has(batch)) return false; // queued again while it was away; sent twice is stored once
      if (rejected === undefined && !refusal) {
        if (failures === 0 && attempt < MAX_ATTEMPTS) {
          const backoffMs = FIRST_RETRY_MS * 2 ** attempt * (0.5 + Math.random());
          await sleep(Math.min(retryAfterMs ?? backoffMs, MAX_RETRY_MS));
          continue;
        }
        warnOnce(`${url} cannot be reached or is overloaded: spans wait in memory.`);
        pause(Math.max(retryAfterMs ?? 0, PAUSE_MS * 2 ** failures++));
        requeue(batch);
        return false;
      }
      inFlight.delete(batch);
      pendingChars -= batch.chars;
      if (refusal) {
        warnOnce(`${url} refused spans with ${refusal}: check options "collector" and "key".`);
        pause(PAUSE_MS);
        countDropped(ledger, 'refused', count);
        return false;
      }
      const refused = Math.min(rejected ?? 0, count);
      ledger.pending -= count;
      ledger.rejected += refused;
      ledger.acknowledged += count - refused;
      failures = 0;
      return true;
    }
  }

  function pause(ms: number): void {
    pausedUntilMs = Date.now() + Math.min(ms, MAX_PAUSE_MS);
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

  return {
    enqueue,
    async flush() {
      while (waiting.chars > 0 && (await post()));
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
