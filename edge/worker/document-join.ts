import { createSpanId } from '../../src/wire/ids.ts';
import { formatServerTiming } from '../../src/wire/server-timing.ts';
import { TRACEPARENT } from '../../src/wire/traceparent.ts';
import { isSharedCacheable } from './shared-cacheable.ts';
import type { EdgeSpan } from './span.ts';

/** True for HTML that answers a navigation, whoever's trace it is in. */
export function isDocument({ method, headers }: Request, response: Response): boolean {
  if (method !== 'GET' || !/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) return false;
  const mode = headers.get('sec-fetch-mode');
  // Safari before 16.4 sends no Sec-Fetch headers.
  return mode === null ? (headers.get('accept') ?? '').includes('text/html') : mode === 'navigate';
}

/**
 * Makes up the browser's span of this document request, when that carries no context of its own: gives the server span a
 * parent id that no one has yet, and returns the `Server-Timing` value that tells the browser to use it. `undefined`, and
 * the span stays a root, when the answer is no HTML or when a cache may hand it to someone else.
 */
export function joinDocument(span: EdgeSpan, request: Request, response: Response): string | undefined {
  if (span.parentSpanId !== undefined || !isDocument(request, response)) return undefined;
  if (request.headers.has(TRACEPARENT) || isSharedCacheable(response)) return undefined;
  const { traceId, traceFlags } = span.spanContext();
  const spanId = createSpanId();
  span.parentSpanId = spanId;
  span.parentIsRemote = true;
  return formatServerTiming({ traceId, spanId, flags: traceFlags });
}
