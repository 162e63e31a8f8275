import { replaceContext } from './outgoing.ts';
import { platformFetch } from './platform-fetch.ts';
import type { Outgoing } from './traced-fetch.ts';

/** Fetch, 4.4 HTTP-redirect fetch, step 9. */
const MAX_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];

/**
 * Sends a request that carries our context and follows its redirects as fetch would, hop by hop: the platform would
 * hand our headers to whatever host a redirect names. From the first hop to a stranger on, the platform takes over,
 * without them.
 * @param mayPropagate whether a hop's URL may have the context
 */
export async function followRedirects(
  { url, method, request, init }: Outgoing,
  injected: RequestInit,
  mayPropagate: (url: URL) => boolean,
): Promise<{ response: Response; hops: number }> {
  let response = await platformFetch(request ?? url.href, { ...injected, redirect: 'manual' });
  let from = url;
  let options: RequestInit = { ...injected, method };
  if (request) options = { ...optionsOf(request), ...options };
  // Only what is not used up by the first hop can be sent again.
  let body = init?.body;
  const isBodyGone = !init?.body && request?.body !== null && request?.body !== undefined;
  for (let hops = 0; ; ) {
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    const to = location === null ? undefined : resolve(location, from);
    if (!to) return { response: hops > 0 ? markRedirected(response) : response, hops };
    if (++hops > MAX_REDIRECTS) throw new TypeError('Too many redirects.');
    await response.body?.cancel();
    const headers = new Headers(options.headers);
    if (changesToGet(response.status, options.method ?? 'GET')) {
      options = { ...options, method: 'GET' };
      body = null;
      for (const name of BODY_HEADERS) headers.delete(name);
    } else if (isBodyGone || body instanceof ReadableStream) {
      throw new TypeError('A redirect asks for the request body again, but it was a stream and is used up.');
    }
    if (to.origin !== from.origin) headers.delete('authorization');
    const stays = mayPropagate(to);
    const next: RequestInit = { ...options, body: body ?? null, headers, redirect: stays ? 'manual' : 'follow' };
    if (!stays) next.headers = replaceContext(headers, {});
    response = await platformFetch(to.href, next);
    if (!stays) return { response: markRedirected(response), hops };
    options = { ...options, headers };
    from = to;
  }
}

function changesToGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD';
  return (status === 301 || status === 302) && method === 'POST';
}

function resolve(location: string, base: URL): URL | undefined {
  try {
    return new URL(location, base);
  } catch {
    return undefined; // expected: a server's broken Location; the app gets the answer as it is
  }
}

function optionsOf(request: Request): RequestInit {
  return { method: request.method, headers: request.headers, signal: request.signal };
}

// `redirected` cannot be set from outside; a shadowing property reads the same.
function markRedirected(response: Response): Response {
  Object.defineProperty(response, 'redirected', { configurable: true, enumerable: true, value: true });
  return response;
}
