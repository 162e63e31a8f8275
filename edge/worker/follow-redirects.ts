import type { Context } from '@opentelemetry/api';
import { ATTR_HTTP_REQUEST_RESEND_COUNT } from '../../src/wire/names.ts';
import type { Invocation } from './invocation.ts';
import { mayPropagate, outgoingHeaders, replaceContext } from './outgoing.ts';
import { platformFetch } from './platform-fetch.ts';
import type { EdgeSpan } from './span.ts';
import type { Outgoing } from './traced-fetch.ts';

/** Fetch, 4.4 HTTP-redirect fetch, step 9. */
const MAX_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];

interface Redirected {
  outgoing: Outgoing;
  /** What the request was sent with, our headers included. */
  injected: RequestInit;
  invocation: Invocation;
  context: Context;
  span: EdgeSpan;
}

export function isRedirect(status: number): boolean {
  return status >= 300 && REDIRECTS.has(status);
}

/**
 * Follows the redirects of a request that carries our context as fetch would, hop by hop: the platform would hand our
 * headers to whatever host a redirect names. From the first hop to a stranger on, the platform takes over, without
 * them. Emits `http.request.resend_count`.
 * @param first the answer to the request as sent
 */
export async function followRedirects(
  first: Response,
  { outgoing, injected, invocation, context, span }: Redirected,
): Promise<Response> {
  const { request, init } = outgoing;
  let response = first;
  let from = new URL(outgoing.url.href);
  let options: RequestInit = { ...injected, method: outgoing.method };
  if (request) options = { signal: request.signal, ...options };
  // Only what is not used up by the first hop can be sent again.
  let body = init?.body ?? null;
  const isUsedUp = body instanceof ReadableStream || (!body && Boolean(request?.body));
  for (let hops = 1; ; hops++) {
    const to = isRedirect(response.status) ? locationOf(response, from) : undefined;
    if (!to) return markRedirected(response, hops);
    if (hops > MAX_REDIRECTS) throw new TypeError('Too many redirects.');
    await response.body?.cancel();
    const headers = new Headers(options.headers);
    if (changesToGet(response.status, options.method ?? 'GET')) {
      options = { ...options, method: 'GET' };
      body = null;
      for (const name of BODY_HEADERS) headers.delete(name);
    } else if (isUsedUp) {
      throw new TypeError('A redirect asks for the request body again, but it was a stream and is used up.');
    }
    if (to.origin !== from.origin) headers.delete('authorization');
    span.setAttribute(ATTR_HTTP_REQUEST_RESEND_COUNT, hops);
    if (!mayPropagate(invocation, to.origin)) {
      const plain = replaceContext(headers, {}, invocation);
      return markRedirected(await platformFetch(to.href, { ...options, body, headers: plain, redirect: 'follow' }), 2);
    }
    options = { ...options, headers: replaceContext(headers, outgoingHeaders(span, context, to.origin), invocation) };
    response = await platformFetch(to.href, { ...options, body, redirect: 'manual' });
    from = to;
  }
}

function changesToGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD';
  return (status === 301 || status === 302) && method === 'POST';
}

function locationOf(response: Response, base: URL): URL | undefined {
  const location = response.headers.get('location');
  try {
    return location === null ? undefined : new URL(location, base);
  } catch {
    return undefined; // expected: a server's broken Location; the app gets the answer as it is
  }
}

// `redirected` cannot be set from outside; a shadowing property reads the same.
function markRedirected(response: Response, hops: number): Response {
  if (hops > 1) Object.defineProperty(response, 'redirected', { configurable: true, enumerable: true, value: true });
  return response;
}
