import { templateOf } from '../wire/url.ts';

/**
 * Which requests may carry trace headers: same origin, and the origins the site names. Parsed origins are compared, never
 * text: `https://evil.example/?https://api.example` matches nothing, and no request gains a preflight it would not have.
 */
export interface PropagationPolicy {
  allows(url: URL): boolean;
  /**
   * Says what became of a request for `url`: where its answer came from, or nothing where it failed. A path that failed, or
   * was redirected to an origin that must not be told, carries no headers until it is answered by one that may.
   */
  learn(url: URL, answeredBy: string | undefined): void;
}

/** Asked for each request, and reading `location` is slow; `null` where it is opaque. */
let ownOrigin: string | undefined;

/** Whether a request for `url` stays in the page's own origin; nothing does in a sandboxed frame, whatever its address. */
export function isOwnOrigin({ origin }: URL): boolean {
  ownOrigin ??= globalThis.origin === 'null' ? 'null' : location.origin;
  return origin === ownOrigin && origin !== 'null';
}

/** Paths left alone; a site that redirects everywhere must not fill the memory. */
const MAX_UNTOLD = 200;

/** @param propagateTo origins as `https://api.example`, already parsed by the options */
export function createPropagationPolicy(propagateTo: readonly string[]): PropagationPolicy {
  const origins = new Set(propagateTo);
  const untold = new Set<string>();
  const isOurs = (url: URL) => isOwnOrigin(url) || origins.has(url.origin);
  const pathOf = ({ origin, pathname }: URL) => origin + templateOf(pathname);
  return {
    allows: (url) => isOurs(url) && !(untold.size > 0 && untold.has(pathOf(url))),
    learn(url, answeredBy) {
      // Nearly all are answered from where they went; nothing is parsed for these.
      if ((answeredBy === url.href && untold.size === 0) || !isOurs(url)) return;
      if (answeredBy && isOurs(new URL(answeredBy))) untold.delete(pathOf(url));
      else if (untold.size < MAX_UNTOLD) untold.add(pathOf(url));
    },
  };
}
