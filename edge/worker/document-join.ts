import { createSpanId } from '../../src/wire/ids.ts';
import { formatServerTiming, SERVER_TIMING } from '../../src/wire/server-timing.ts';
import { TRACEPARENT } from '../../src/wire/traceparent.ts';
import type { Propagator } from './propagator.ts';
import { isSharedCacheable } from './shared-cacheable.ts';

/** True for HTML that answers a navigation, whoever's trace it is in. */
export function isDocument({ method, headers }: Request, response: Response): boolean {
  if (method !== 'GET' || !/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) return false;
  const mode = headers.get('sec-fetch-mode');
  // Safari before 16.4 sends no Sec-Fetch headers.
  return mode === null ? (headers.get('accept') ?? '').includes('text/html') : mode === 'navigate';
}

/**
 * Makes up the browser's span of a document request that carries no context of its own: gives the server span a parent id
 * that no one has yet, and tells the browser in `Server-Timing` to use it. When the answer is no HTML, or a cache may hand it
 * to someone else, the span stays a root.
 */
export const documents: Propagator = {
  headers: [],
  answer(request, response, span) {
    if (span.parentSpanId !== undefined || !isDocument(request, response)) return undefined;
    if (request.headers.has(TRACEPARENT) || isSharedCacheable(response)) return undefined;
    const { traceId, traceFlags } = span.spanContext();
    const spanId = createSpanId();
    span.parentSpanId = spanId;
    span.parentIsRemote = true;
    return { [SERVER_TIMING]: formatServerTiming({ traceId, spanId, flags: traceFlags }) };
  },
};
