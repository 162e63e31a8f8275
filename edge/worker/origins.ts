import { warnOnce } from './warn.ts';

/** Decides whether an origin (`https://host[:port]`) is on a list. */
export type OriginMatcher = (origin: string) => boolean;

/**
 * Compiles a list of origins: `https://api.example.com`, `https://*.example.com` (every subdomain, not the domain
 * itself) or `*`. Paths and trailing slashes of an entry are ignored.
 * @param option what the list is called where the developer wrote it: an entry that is neither matches nothing, and is told
 */
export function origins(list: readonly string[], option = 'propagateTo'): OriginMatcher {
  const exact = new Set<string>();
  const suffixes: string[][] = [];
  for (const entry of list) {
    const [scheme = '', domain] = entry.split('*');
    const origin = originOf(entry);
    if (/^https?:\/\/$/.test(scheme) && domain?.startsWith('.')) suffixes.push([scheme, domain]);
    else if (origin) exact.add(origin);
    else if (entry !== '*') warnOnce(`${option}: "${entry}" is no origin; write it like "https://api.example.com".`);
  }
  const all = list.includes('*');
  return (origin) =>
    all ||
    exact.has(origin) ||
    suffixes.some(([scheme = '', domain = '']) => origin.startsWith(scheme) && origin.endsWith(domain));
}

/** The origin of an absolute http(s) URL; `undefined` for anything else. */
export function originOf(url: string): string | undefined {
  try {
    const { protocol, origin } = new URL(url);
    return protocol === 'http:' || protocol === 'https:' ? origin : undefined;
  } catch {
    return undefined; // expected: a developer's typo, told by the caller
  }
}
