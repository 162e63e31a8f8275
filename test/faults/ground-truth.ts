import type { Page } from 'playwright';

/** One record a page has made, as the page said at once and outside the page's reach: over a CDP binding. */
export interface MadeRecord {
  traceId: string;
  /** Span id, or for an error its message. */
  id: string;
  kind: 'span' | 'error';
  atMs: number;
}

/** The name of the binding pages call. */
export const BINDING = 'groundTruth';

/** One record as a page tells it. */
export function parseTold(payload: string): MadeRecord {
  const { traceId, id, kind } = JSON.parse(payload);
  return { traceId, id, kind, atMs: Date.now() };
}

/** Collects what a page says it made; works across its navigations, and outlives its crash. */
export async function recordTruth(page: Page, into: MadeRecord[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on('Runtime.bindingCalled', ({ name, payload }) => {
    if (name !== BINDING) return;
    into.push(parseTold(payload));
  });
  await session.send('Runtime.enable');
  await session.send('Runtime.addBinding', { name: BINDING });
}

/**
 * Defines `make(spans)` and `makeErrors(errors)` on a page with the agent. A page nobody is attached to tells its site
 * instead.
 */
export const MAKERS = `
const tellTruth = window.${BINDING} ?? ((text) => fetch('/told' + location.search, { method: 'POST', body: text }));
window.make = (count, bytes = 200) => throughline.trace('cell', (root) => {
  const tell = (span, kind) => { const { traceId, spanId } = span.spanContext(); tellTruth(JSON.stringify({ traceId, id: spanId, kind: 'span' })); };
  tell(root);
  if (count === 1) root.setAttribute('fill', 'x'.repeat(Math.min(bytes, 2000))).setAttribute('more', Array(Math.floor(bytes / 2000)).fill('x'.repeat(2000)));
  for (let i = 1; i < count; i++) throughline.trace('work ' + i, tell, { fill: 'x'.repeat(bytes) });
});
window.makeErrors = (count) => throughline.trace('errors', (root) => {
  const { traceId } = root.spanContext();
  for (let i = 0; i < count; i++) {
    const message = 'made ' + crypto.randomUUID();
    throughline.captureException(new Error(message));
    tellTruth(JSON.stringify({ traceId, id: message, kind: 'error' }));
  }
});
`;
