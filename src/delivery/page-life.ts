import { guard } from '../browser/guard.ts';

/** `hidden`: it lives on, unseen. `frozen`: it sleeps and may come back. `gone`: this was its last event. */
export type ExitWay = 'hidden' | 'frozen' | 'gone';

/** What delivery has to know of the page's life. */
export interface PageLifeListeners {
  /** The page may be gone after this call, so all its work is synchronous. */
  onExit: (way: ExitWay) => void;
  /** The page is used again: shown, thawed, restored from the back/forward cache, or online. */
  onReturn: () => void;
}

/**
 * Tells when the page may be left. `visibilitychange` is the last event a phone promises; `pagehide` comes on `window`
 * only; `freeze` is for a tab put to sleep. Never `unload` or `beforeunload`: they cost the back/forward cache.
 * @returns a function that stops listening.
 */
export function startPageLife({ onExit, onReturn }: PageLifeListeners): () => void {
  const listening = new AbortController();
  const on = (type: string, handler: (event: Event) => void, capture = false) =>
    addEventListener(type, guard(handler), { capture, signal: listening.signal });
  // Bubbling: what settles on the document's own listeners is reported before we flush.
  on('visibilitychange', () => (isHidden() ? onExit('hidden') : onReturn()));
  on('pagehide', (event) => onExit((event as PageTransitionEvent).persisted ? 'frozen' : 'gone'));
  on('pageshow', onReturn);
  on('online', onReturn);
  // These two do not bubble.
  on('freeze', () => onExit('frozen'), true);
  on('resume', onReturn, true);
  return () => listening.abort();
}

export function isHidden(): boolean {
  return document.visibilityState === 'hidden';
}

/** Runs `start` once the page is really shown to somebody: at once, or when a prerendered page is activated. */
export function whenActivated(start: () => void): void {
  if ((document as Document & { prerendering?: boolean }).prerendering) {
    document.addEventListener('prerenderingchange', start, { once: true });
  } else start();
}
