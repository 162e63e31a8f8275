import { createSpanId } from '../../src/wire/ids.ts';
import { formatServerTiming } from '../../src/wire/server-timing.ts';
import { TRACEPARENT } from '../../src/wire/traceparent.ts';
import { isSharedCacheable } from './shared-cacheable.ts';
import type { EdgeSpan } from './span.ts';

/** True for a request by which a browser loads a document and which carries no context of its own. */
function isDocumentRequest(request: Request): boolean {
  return !request.headers.has(TRACEPARENT) && isNavigation(request);
}

function isNavigation(request: Request): boolean {
  if (request.method !== 'GET') return false;
  const mode = request.headers.get('sec-fetch-mode');
  // Safari before 16.4 sends no Sec-Fetch headers.
  return mode === null ? (request.headers.get('accept') ?? '').includes('text/html') : mode === 'navigate';
}

/** True for HTML that answers a navigation, whoever's trace it is in. */
export function isDocument(request: Request, response: Response): boolean {
  return isHtml(response) && isNavigation(request);
}

/**
 * Makes up the browser's span of this document request: gives the server span a parent id that no one has yet, and
 * returns the `Server-Timing` value that tells the browser to use it. `undefined`, and the span stays a root, when the
 * answer is no HTML or when a cache may hand it to someone else.
 */
export function joinDocument(span: EdgeSpan, request: Request, response: Response): string | undefined {
  if (span.parentSpanId !== undefined || !isHtml(response)) return undefined;
  if (!isDocumentRequest(request) || isSharedCacheable(response)) return undefined;
  const { traceId, traceFlags } = span.spanContext();
  const spanId = createSpanId();
  span.parentSpanId = spanId;
  span.parentIsRemote = true;
  return formatServerTiming({ traceId, spanId, flags: traceFlags });
}

/** Appends to a header; those of a response that came from fetch are immutable, then a copy is returned. */
export function withHeader(response: Response, name: string, value: string): Response {
  try {
    response.headers.append(name, value);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    copy.headers.append(name, value);
    return copy;
  }
}

function isHtml(response: Response): boolean {
  return /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
}
