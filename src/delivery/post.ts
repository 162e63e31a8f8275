import { type IngestAnswer, QUERY_BATCH, QUERY_COMPRESSION, QUERY_KEY, RETRYABLE_STATUSES } from '../wire/ingest.ts';
import { parseRetryAfter } from './pace.ts';

/** A collector that has not answered by then is treated as a lost connection; the batch id makes resending safe. */
const TIMEOUT_MS = 30_000;

/** How long what the browser was given to send for us is left alone, if the page lives on: nobody hears the answer. */
const BEACON_MS = 10_000;
/** Safari and Chromium have it for years, Firefox since 133. */
const canKeepalive = 'keepalive' in Request.prototype;

/** What became of a batch: `split` and `retry` may go again, `refused` is final. */
export interface Outcome {
  kind: 'acknowledged' | 'retry' | 'split' | 'refused';
  answer: IngestAnswer;
  retryAfterMs?: number | undefined;
  status?: number;
}

/** The address of a batch: everything but the body rides in the query, because a header would cost a preflight. */
export function batchUrl(url: string, key: string, batchId: string, compressed = false): string {
  const query = `${QUERY_KEY}=${encodeURIComponent(key)}&${QUERY_BATCH}=${batchId}`;
  return `${url}?${query}${compressed ? `&${QUERY_COMPRESSION}=gz` : ''}`;
}

/**
 * Sends one batch and reads its answer to the end (an unread body keeps its share of the keepalive quota). Never throws.
 * @param beacon for a page that is being left: has the browser send it where `fetch` cannot, or will not; says whether it does.
 */
export async function post(
  send: typeof fetch,
  url: string,
  body: string | ArrayBuffer,
  keepalive: boolean,
  beacon = () => false,
): Promise<Outcome> {
  if (!canKeepalive && beacon()) return unanswered();
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  try {
    const init = { method: 'POST', body, keepalive, credentials: 'omit', signal: timeout.signal } as const;
    const response = await send(url, init);
    const { status } = response;
    const answer = parseAnswer(await response.text());
    if (response.ok) return { kind: 'acknowledged', answer };
    if (RETRYABLE_STATUSES.has(status)) {
      return { kind: 'retry', answer, retryAfterMs: parseRetryAfter(response.headers.get('Retry-After'), Date.now()) };
    }
    return { kind: status === 413 ? 'split' : 'refused', answer, status };
  } catch {
    // Expected: offline, reset, blocked, timed out; or the site has used up what may leave with the page.
    return beacon() ? unanswered() : { kind: 'retry', answer: {} };
  } finally {
    clearTimeout(timer);
  }
}

/** The same batch may come again under its id, and is then answered. */
async function unanswered(): Promise<Outcome> {
  await new Promise((resolve) => setTimeout(resolve, BEACON_MS));
  return { kind: 'retry', answer: {} };
}

function parseAnswer(text: string): IngestAnswer {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {}; // expected: an empty body, or a proxy's HTML page
  }
}
