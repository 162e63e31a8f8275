import { redactQuery } from '../../src/wire/url.ts';

/** A URL as spans and propagation need it. */
export interface UrlParts {
  /** Serialised by the platform: normalised, absolute. */
  readonly href: string;
  readonly origin: string;
  readonly scheme: string;
  readonly hasCredentials: boolean;
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
  /** Without `?`, secret-looking values replaced. */
  readonly query: string;
}

/**
 * Takes apart what `URL.href` or `Request.url` returned. By hand, because every property of a URL object is a call
 * into the platform, and this runs for every request and subrequest.
 */
export function urlParts(href: string): UrlParts {
  const schemeEnd = href.indexOf(':');
  const hostStart = schemeEnd + 3;
  const pathStart = indexOrEnd(href, '/', hostStart);
  const hash = indexOrEnd(href, '#', pathStart);
  const mark = Math.min(indexOrEnd(href, '?', pathStart), hash);
  const scheme = href.slice(0, schemeEnd);
  const userEnd = href.lastIndexOf('@', pathStart);
  const hasCredentials = userEnd >= hostStart;
  const host = href.slice(hasCredentials ? userEnd + 1 : hostStart, pathStart);
  // The last colon, unless it is within an IPv6 address.
  const colon = host.lastIndexOf(':');
  const hasPort = colon > host.lastIndexOf(']');
  return {
    href,
    origin: `${scheme}://${host}`,
    scheme,
    hasCredentials,
    hostname: hasPort ? host.slice(0, colon) : host,
    port: hasPort ? Number(host.slice(colon + 1)) : scheme === 'https' ? 443 : 80,
    path: href.slice(pathStart, mark),
    query: mark < hash ? redactQuery(href.slice(mark + 1, hash)) : '',
  };
}

// What `new URL().href` would return as it is, but for numbers of other notations in an IPv4 address.
const NORMAL = /^https?:\/\/[a-z0-9.-]+(:[1-9]\d{3,4})?\/[\w\-.~!$&'()*+,;=:@%/?]*$/;

/** `new URL(url).href`, which costs a worker as much as all else about a client span, where it changes nothing. */
export function normalUrl(url: string | URL): string {
  return typeof url === 'string' && NORMAL.test(url) && !url.includes('/.') ? url : new URL(url).href;
}

/** `url.full`: without credentials and fragment, secret-looking query values replaced. */
export function fullUrl({ scheme, hasCredentials, origin, path, query }: UrlParts): string {
  const start = hasCredentials ? `${scheme}://REDACTED:REDACTED@${origin.slice(scheme.length + 3)}` : origin;
  return `${start}${path}${query && '?'}${query}`;
}

/** `fullUrl` of what may be no URL. */
export function redactUrl(text: string): string {
  try {
    return fullUrl(urlParts(new URL(text).href));
  } catch {
    return 'http://REDACTED'; // expected: nothing can be promised about it
  }
}

function indexOrEnd(text: string, character: string, from: number): number {
  const index = text.indexOf(character, from);
  return index < 0 ? text.length : index;
}
