/** First wait after a failure; doubled with every further one. */
const BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
/** A longer `Retry-After` is taken for a mistake. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;
/** Requests at once after a quiet time, and then one a second: whatever happens, a page sends at most 80 in a minute. */
const BURST_REQUESTS = 20;
const REQUEST_EVERY_MS = 1000;
/** What a page that is being left may take in advance. */
const EXIT_ADVANCE = 5;

/** When the next request may go: bounded rate, exponential backoff with jitter, `Retry-After`. */
export interface Pace {
  /** Milliseconds until the next request may go; 0 for now. */
  waitMs(): number;
  /** Takes the right to one request now; page exit need not wait, and may overdraw a little. */
  take(atExit?: boolean): boolean;
  succeeded(): void;
  /** `retryAfterMs` as the collector asked for; else the backoff of the present row of failures. */
  failed(retryAfterMs?: number): void;
  /** The network or the page came back: forget the backoff, but not what the collector asked for. */
  hurry(): void;
}

/** `monotonicMs` must never jump; a wall clock set back an hour would silence the page for an hour. */
export function createPace(monotonicMs: () => number, random: () => number = Math.random): Pace {
  let tokens = BURST_REQUESTS;
  let filledAt = monotonicMs();
  let failures = 0;
  let notBefore = 0;
  let askedUntil = 0;

  function waitMs(): number {
    const now = monotonicMs();
    tokens = Math.min(BURST_REQUESTS, tokens + (now - filledAt) / REQUEST_EVERY_MS);
    filledAt = now;
    return Math.max(0, (1 - tokens) * REQUEST_EVERY_MS, notBefore - now, askedUntil - now);
  }

  return {
    waitMs,
    take(atExit = false) {
      if (waitMs() > 0 && !(atExit && tokens > -EXIT_ADVANCE)) return false;
      tokens -= 1;
      return true;
    },
    succeeded() {
      failures = 0;
      notBefore = 0;
      askedUntil = 0;
    },
    failed(retryAfterMs) {
      const now = monotonicMs();
      if (retryAfterMs !== undefined) {
        // Only ever later: a crowd told the same second must not come back in the same second.
        askedUntil = now + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) * (1 + random() / 10);
        return;
      }
      const ceiling = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** Math.min(failures, 10));
      failures += 1;
      notBefore = now + ceiling * (0.5 + random() / 2);
    },
    hurry() {
      failures = 0;
      notBefore = 0;
    },
  };
}

/**
 * `Retry-After` in milliseconds, from seconds or an HTTP-date; `undefined` for anything else.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // An HTTP-date begins with a day name; Date.parse alone would take "-5" or "1.5" for dates.
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
