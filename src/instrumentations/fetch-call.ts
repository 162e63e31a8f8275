/** What a page asked of `fetch`, read the way `fetch` reads it. */
export interface FetchCall {
  /** Absolute, without its fragment: as the browser reports it. */
  url: URL;
  method: string;
  mode: RequestMode | undefined;
  redirect: RequestRedirect;
  signal: AbortSignal | null | undefined;
  request: Request | undefined;
  init: RequestInit | undefined;
}

/**
 * Reads the arguments of a `fetch`; `undefined` for what is not ours to trace: a bad URL (fetch will reject), schemes
 * without a network, and objects that only become a URL when read, for reading them twice could be noticed.
 */
export function readFetchCall([input, given]: readonly unknown[]): FetchCall | undefined {
  const request = input instanceof Request ? input : undefined;
  if (!request && typeof input !== 'string' && !(input instanceof URL)) return undefined;
  const init = (given ?? undefined) as RequestInit | undefined;
  const address = request?.url ?? String(input);
  let url: URL;
  try {
    url = new URL(address, document.baseURI);
  } catch {
    return undefined; // expected: fetch will reject
  }
  if (!/^https?:$/.test(url.protocol)) return undefined;
  // Writing one puts the whole URL together again.
  if (url.hash) url.hash = '';
  return {
    url,
    method: String(init?.method ?? request?.method ?? 'GET'),
    mode: init?.mode ?? request?.mode,
    redirect: init?.redirect ?? request?.redirect ?? 'follow',
    signal: init?.signal ?? request?.signal,
    request,
    init,
  };
}

/**
 * An init for the same call with other headers (and mode). The caller's own is never written: ours inherits from it, so
 * that members we do not know, or that are getters, are still read by `fetch`.
 */
export function withInit({ request, init }: FetchCall, headers: HeadersInit, mode?: RequestMode): RequestInit {
  const own: RequestInit = { headers, ...(mode && { mode }) };
  if (init) return Object.create(init, Object.getOwnPropertyDescriptors(own));
  // Any init makes fetch forget the Request's referrer (Fetch, Request constructor, "if init is not empty").
  return request ? { ...own, referrer: request.referrer, referrerPolicy: request.referrerPolicy } : own;
}
