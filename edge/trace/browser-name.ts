// In the order to look: most browsers call themselves by the names of others as well.
const FAMILIES: readonly (readonly [family: string, version: RegExp])[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d{1,3})/],
  ['Opera', /\b(?:OPR|Opera)\/(\d{1,3})/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d{1,3})/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d{1,3})/],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\/(\d{1,3})/],
  ['Safari', /\bVersion\/(\d{1,3})[^ ]* (?:Mobile\/\S+ )?Safari\//],
];

/** No user agent is longer that says anything of interest. */
const MAX_READ_CHARS = 512;

/**
 * Family and major version of a browser by its user agent, such as `Chrome 131`; `other` for what is none of the six
 * families. Few values whatever is sent: it is something to group by.
 */
export function browserOf(userAgent: string): string {
  if (userAgent === '') return '';
  const text = userAgent.slice(0, MAX_READ_CHARS);
  for (const [family, version] of FAMILIES) {
    const major = version.exec(text)?.[1];
    if (major !== undefined) return `${family} ${Number(major)}`;
  }
  return 'other';
}

/** Whether a browser is the one a person asked for, as `Chrome` or as `Chrome 131`. */
export function isBrowser(browser: string, wanted: string): boolean {
  return browser === wanted || browser.startsWith(`${wanted} `);
}
