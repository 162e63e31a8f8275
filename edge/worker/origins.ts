/** Decides whether an origin (`https://host[:port]`) is on a list. */
export type OriginMatcher = (origin: string) => boolean;

const PATTERN = /^(https?:\/\/)\*\.([^/*]+)$/;

/**
 * Compiles a list of origins: `https://api.example.com`, `https://*.example.com` (every subdomain, not the domain
 * itself) or `*`. Paths and trailing slashes of an entry are ignored.
 * @param onInvalid is told each entry that is neither; it matches nothing
 */
export function matchOrigins(list: readonly string[], onInvalid: (entry: string) => void): OriginMatcher {
  const exact = new Set<string>();
  const suffixes: Array<[scheme: string, suffix: string]> = [];
  let all = false;
  for (const entry of list) {
    const wildcard = PATTERN.exec(entry);
    if (entry === '*') all = true;
    else if (wildcard) suffixes.push([wildcard[1] as string, `.${wildcard[2]}`]);
    else {
      const origin = originOf(entry);
      if (origin) exact.add(origin);
      else onInvalid(entry);
    }
  }
  return (origin) =>
    all ||
    exact.has(origin) ||
    suffixes.some(([scheme, suffix]) => origin.startsWith(scheme) && origin.endsWith(suffix));
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
