/** A lone surrogate cannot be encoded, and ids are foreign strings: one of them must not take the page down. */
function encodePart(text: string): string {
  return encodeURIComponent(
    text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd'),
  );
}

/** Where the viewer shows a trace, and in it a span. */
export function traceAddress(traceId: string, spanId?: string): string {
  return `/traces/${encodePart(traceId)}${spanId === undefined ? '' : `?span=${encodePart(spanId)}`}`;
}

/** Where the viewer shows all traces of a session. */
export function sessionAddress(sessionId: string): string {
  return `/?sessionId=${encodePart(sessionId)}`;
}
