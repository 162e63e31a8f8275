/**
 * The normalised address when `text` is an absolute http or https URL without credentials, else `undefined`. The caller
 * links to what this returns, never to the text: a parser decides the scheme, so tabs, newlines and case play no part.
 */
export function safeLink(text: unknown): string | undefined {
  if (typeof text !== 'string' || !/^\s*https?:/i.test(text)) return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined; // expected: most attribute values are no URL
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username || url.password) return undefined;
  return url.href;
}
