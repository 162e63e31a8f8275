import { SpanKind } from '@opentelemetry/api';
import { ATTR_HTTP_REQUEST_RESEND_COUNT, ATTR_URL_FULL } from '../../src/wire/names.ts';
import { redactUrl } from '../../src/wire/url.ts';
import { contextManager } from './context-manager.ts';
import { followRedirects } from './follow-redirects.ts';
import { methodName, setError, setMethod, setResponseStatus, setServer } from './http-semantics.ts';
import { getInvocation, type Invocation } from './invocation.ts';
import { contextHeaders, copiesContext, mayPropagate, replaceContext } from './outgoing.ts';
import { platformFetch } from './platform-fetch.ts';
import type { EdgeSpan } from './span.ts';
import { edgeTracer } from './tracer.ts';

/** What an outgoing request is, taken apart without consuming it. */
export interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly request: Request | undefined;
  readonly init: RequestInit | undefined;
  readonly headers: HeadersInit | undefined;
  readonly redirect: string;
}

/**
 * `fetch` with a span `{method}` of kind client: `http.request.method`, `url.full` (redacted), `server.address`,
 * `server.port`, `http.response.status_code`, `error.type`. Outside an invocation it is the platform's fetch.
 */
export function tracedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const invocation = getInvocation(contextManager.active());
  const outgoing = invocation && takeApart(input, init);
  // Arguments we cannot read are the platform's to refuse, in its own words.
  return invocation && outgoing ? send(outgoing, invocation) : platformFetch(input, init);
}

function takeApart(input: RequestInfo | URL, init: RequestInit | undefined): Outgoing | undefined {
  try {
    // Anything but a plain object (often a Request) has its members on a prototype, where spreading misses them.
    const isPlain = init === undefined || init === null || Object.getPrototypeOf(init) === Object.prototype;
    const given = isPlain ? input : new Request(input, init);
    const options = isPlain ? (init ?? undefined) : undefined;
    const request = given instanceof Request ? given : undefined;
    return {
      url: new URL(request ? request.url : String(given)),
      method: (options?.method ?? request?.method ?? 'GET').toUpperCase(),
      request,
      init: options,
      headers: options?.headers ?? request?.headers,
      redirect: options?.redirect ?? request?.redirect ?? 'follow',
    };
  } catch {
    return undefined; // expected: not a URL, or not a request
  }
}

async function send(outgoing: Outgoing, invocation: Invocation): Promise<Response> {
  const span = edgeTracer.startSpan(methodName(outgoing.method), { kind: SpanKind.CLIENT });
  if (span.isRecording()) describe(span, outgoing);
  try {
    const { response, hops } = await dispatch(outgoing, span, invocation);
    if (hops > 0) span.setAttribute(ATTR_HTTP_REQUEST_RESEND_COUNT, hops);
    setResponseStatus(span, response.status, 400);
    return response;
  } catch (error) {
    setError(span, error);
    throw error;
  } finally {
    span.end();
  }
}

function describe(span: EdgeSpan, { url, method }: Outgoing): void {
  setMethod(span, method);
  span.setAttribute(ATTR_URL_FULL, redactUrl(url.href));
  setServer(span, url);
}

async function dispatch(
  outgoing: Outgoing,
  span: EdgeSpan,
  invocation: Invocation,
): Promise<{ response: Response; hops: number }> {
  const { url, request, init, headers, redirect } = outgoing;
  const target = request ?? url.href;
  if (mayPropagate(invocation, url)) {
    const injected: RequestInit = { ...init, headers: replaceContext(headers, contextHeaders(span)) };
    if (redirect !== 'follow') return { response: await platformFetch(target, injected), hops: 0 };
    return followRedirects(outgoing, injected, (next) => mayPropagate(invocation, next));
  }
  const safe = copiesContext(headers, invocation.request) ? { ...init, headers: replaceContext(headers, {}) } : init;
  return { response: await platformFetch(target, safe), hops: 0 };
}
