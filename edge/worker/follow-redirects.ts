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
const BODY_HEADERS = ['encoding', 'language', 'location', 'type', 'length'];

interface Redirected {
  outgoing: Outgoing;
  /** What the request was sent with, our headers included. */
  injected: RequestInit;
  invocation: Invocation;
  context: Context;
  span: EdgeSpan;
}

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
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
  let { method, url: from }: { method: string; url: Pick<URL, 'href' | 'origin'> } = outgoing;
  // Only what is not used up by the first hop can be sent again.
  let body = init?.body ?? null;
  const isUsedUp = body instanceof ReadableStream || (!body && Boolean(request?.body));
  let headers: HeadersInit = injected.headers ?? {};
  for (let hops = 1; ; hops++) {
    const { status } = response;
    const to = isRedirect(status) && locationOf(response, from.href);
    // So it is with the answer to a stranger, whose redirects the platform has followed.
    if (!to) return response;
    if (hops > MAX_REDIRECTS) throw new TypeError('Too many redirects.');
    await response.body?.cancel();
    const passed = new Headers(headers);
    if (status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST') {
      method = 'GET';
      body = null;
      for (const name of BODY_HEADERS) passed.delete(`content-${name}`);
    } else if (isUsedUp) {
      throw new TypeError('A body that was a stream cannot be sent again after a redirect.');
    }
    if (to.origin !== from.origin) passed.delete('authorization');
    span.setAttribute(ATTR_HTTP_REQUEST_RESEND_COUNT, hops);
    from = to;
    const isOurs = mayPropagate(invocation, to.origin);
    const added = isOurs ? outgoingHeaders(span, context, to.origin) : {};
    headers = replaceContext(passed, added, invocation) as HeadersInit;
    const redirect = isOurs ? 'manual' : 'follow';
    const signal = request?.signal ?? null;
    response = await platformFetch(to.href, { signal, ...injected, method, headers, body, redirect });
    // Cannot be set from outside; a shadowing property reads the same.
    Object.defineProperty(response, 'redirected', { configurable: true, enumerable: true, value: true });
  }
}

function locationOf(response: Response, base: string): URL | undefined {
  try {
    const location = response.headers.get('location');
    return location === null ? undefined : new URL(location, base);
  } catch {
    return undefined; // expected: a server's broken Location; the app gets the answer as it is
  }
}
