/**
 * Characters that draw nothing or change how their neighbours are drawn (C0/C1 controls, bidirectional controls, zero
 * width, tags, lone surrogates): a foreign string must not hide or reorder what a person reads.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\udb40][\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Foreign text made fit to show: invisible and direction-changing characters appear as `⟨U+202E⟩`. */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, (found) => {
    const codePoint = found.codePointAt(0) ?? 0;
    return `⟨U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/** The same for one line: line breaks and tabs become visible marks as well. */
export function visibleLine(text: string): string {
  return visibleText(text.replace(/\r\n?|\n/g, '⏎').replace(/\t/g, '→'));
}

/** At most `limit` characters, cut between code points, with an ellipsis when cut. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(limit - 2)) ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`;
}
