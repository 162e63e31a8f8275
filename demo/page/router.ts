import { type ShopData, viewOf } from '../shop/routes.ts';

interface RouterOptions {
  data: ShopData;
  view: HTMLElement;
  onLeave(): void;
  onError(error: unknown): void;
}

/**
 * Soft navigation on the history API: a click on a link of ours fetches its data, renders its view and moves the
 * focus to its heading, as a new document would.
 * @returns a function that shows the present address again with fresh data
 */
export function startRouter({ data, view, onLeave, onError }: RouterOptions): () => Promise<void> {
  let latest = 0;

  async function show(path: string): Promise<void> {
    const turn = ++latest;
    view.setAttribute('aria-busy', 'true');
    try {
      const { title, body } = await viewOf(path, data);
      if (turn !== latest) return; // somebody has gone elsewhere meanwhile
      view.innerHTML = body.text;
      document.title = `${title} · Hill & Harbour`;
      view.querySelector('h1')?.focus({ preventScroll: true });
      markCurrent();
    } catch (error) {
      if (turn === latest) onError(error);
    } finally {
      if (turn === latest) view.removeAttribute('aria-busy');
    }
  }

  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.origin !== location.origin || link.hash || link.target) return;
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', link.href);
    scrollTo(0, 0);
    onLeave();
    void show(location.pathname);
  });
  addEventListener('popstate', () => void show(location.pathname));
  markCurrent();
  return () => show(location.pathname);
}

function markCurrent(): void {
  for (const link of document.querySelectorAll('nav a')) {
    if (link instanceof HTMLAnchorElement && link.pathname === location.pathname)
      link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}
