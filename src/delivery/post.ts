import { type IngestAnswer, QUERY_BATCH, QUERY_COMPRESSION, QUERY_KEY, RETRYABLE_STATUSES } from '../wire/ingest.ts';
import { parseRetryAfter } from './pace.ts';

/** A collector that has not answered by then is treated as a lost connection; the batch id makes resending safe. */
const TIMEOUT_MS = 30_000;

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

/** Sends one batch and reads its answer to the end (an unread body keeps its share of the keepalive quota). Never throws. */
export async function post(send: typeof fetch, url: string, body: string | Blob, keepalive: boolean): Promise<Outcome> {
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
    return { kind: 'retry', answer: {} }; // expected: offline, reset, blocked, timed out
  } finally {
    clearTimeout(timer);
  }
}

function parseAnswer(text: string): IngestAnswer {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {}; // expected: an empty body, or a proxy's HTML page
  }
}
