import { type IngestAnswer, QUERY_BATCH, QUERY_COMPRESSION, QUERY_KEY, RETRYABLE_STATUSES } from '../wire/ingest.ts';
import { parseRetryAfter } from './pace.ts';

/** A collector that has not answered by then is treated as a lost connection; the batch id makes resending safe. */
const TIMEOUT_MS = 30_000;

export interface PostRequest {
  fetch: typeof fetch;
  url: string;
  body: string | Blob;
  keepalive: boolean;
}

/** What became of a batch. `refused` is final; `retry` and `split` are not. */
export type Outcome =
  | { kind: 'acknowledged'; answer: IngestAnswer }
  | { kind: 'retry'; retryAfterMs?: number }
  | { kind: 'split' }
  | { kind: 'refused'; message: string };

/** The address of a batch: everything but the body rides in the query, because a header would cost a preflight. */
export function batchUrl(url: string, key: string, batchId: string, compressed: boolean): string {
  const query = `${QUERY_KEY}=${encodeURIComponent(key)}&${QUERY_BATCH}=${batchId}`;
  return `${url}?${query}${compressed ? `&${QUERY_COMPRESSION}=gz` : ''}`;
}

/** Sends one batch and reads its answer to the end (an unread body keeps its share of the keepalive quota). Never throws. */
export async function post({ fetch, url, body, keepalive }: PostRequest): Promise<Outcome> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      keepalive,
      credentials: 'omit',
      signal: timeout.signal,
    });
    return outcomeOf(response, await response.text());
  } catch {
    return { kind: 'retry' }; // expected: offline, reset, blocked, timed out
  } finally {
    clearTimeout(timer);
  }
}

function outcomeOf(response: Response, text: string): Outcome {
  const { status } = response;
  const answer = parseAnswer(text);
  if (response.ok) return { kind: 'acknowledged', answer };
  if (RETRYABLE_STATUSES.has(status)) {
    const retryAfterMs = parseRetryAfter(response.headers.get('Retry-After'), Date.now());
    return retryAfterMs === undefined ? { kind: 'retry' } : { kind: 'retry', retryAfterMs };
  }
  if (status === 413) return { kind: 'split' };
  const reason = typeof answer.error === 'string' ? answer.error : '';
  return { kind: 'refused', message: `The collector answered ${status}${reason ? `: ${reason}` : '.'}` };
}

function parseAnswer(text: string): IngestAnswer {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return {}; // expected: an empty body, or a proxy's HTML page
  }
}
