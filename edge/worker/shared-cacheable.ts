const CDN_DIRECTIVES = ['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control'];

/**
 * Whether a cache that serves several people may store and hand on this response (RFC 9111, 3 and 4.2.2), on the safe
 * side: without `private` or `no-store`, any sign of freshness, of stale reuse or of a validator makes it cacheable. A
 * response with neither, such as what most frameworks answer by default, can be reused by no one.
 */
export function isSharedCacheable(response: Response): boolean {
  const { headers, status } = response;
  if (status === 304) return true;
  if (CDN_DIRECTIVES.some((name) => headers.has(name) && !isPrivate(headers.get(name)))) return true;
  const cacheControl = headers.get('cache-control');
  if (isPrivate(cacheControl)) return false;
  if (headers.has('expires') || headers.has('etag') || headers.has('last-modified')) return true;
  return /\b(public|s-maxage|max-age\s*=\s*"?0*[1-9]|stale-|immutable)/i.test(cacheControl ?? '');
}

// `private="set-cookie"` covers that field alone (RFC 9111, 5.2.2.7), so only the bare word counts.
function isPrivate(value: string | null): boolean {
  return (value ?? '').split(',').some((directive) => /^\s*(private|no-store)\s*$/i.test(directive));
}
