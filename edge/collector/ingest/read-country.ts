/** What proxies and networks that know the client's country call it: Cloudflare, CloudFront, Vercel, App Engine. */
const HEADERS = ['cf-ipcountry', 'cloudfront-viewer-country', 'x-vercel-ip-country', 'x-appengine-country'];
/** Not known, and Tor, as Cloudflare writes them. */
const NO_COUNTRY: ReadonlySet<string> = new Set(['XX', 'T1', 'ZZ']);

/**
 * ISO 3166-1 alpha-2 of where a request came from; '' when nobody who knows says it. The platform the collector runs on is
 * believed, headers only behind a proxy: anybody else can write them.
 * @param header a header of it by its lower-case name
 * @param platform what the platform says
 */
export function readCountry(
  header: (name: string) => string | undefined,
  behindProxy: boolean,
  platform?: unknown,
): string {
  const told = [
    typeof platform === 'string' ? platform : '',
    ...(behindProxy ? HEADERS.map((name) => header(name)) : []),
  ];
  const country = told.find((text) => text && /^[a-z]{2}$/i.test(text))?.toUpperCase() ?? '';
  return NO_COUNTRY.has(country) ? '' : country;
}
