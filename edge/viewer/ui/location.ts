import { signal } from '@preact/signals';

export interface Place {
  path: string;
  search: string;
}

const read = (): Place => ({ path: window.location.pathname, search: window.location.search });

/** Where the viewer is; the address bar is the only state that must survive a reload. */
export const place = signal<Place>(read());

/** Goes to an address of the viewer; `replace` for what a Back should skip, such as each letter typed into a filter. */
export function navigate(href: string, { replace = false } = {}): void {
  const target = new URL(href, window.location.href);
  if (replace) window.history.replaceState(null, '', target);
  else window.history.pushState(null, '', target);
  place.value = read();
}

/** Follows Back, Forward and plain clicks on the viewer's own links without loading the page again. */
export function startLocation(): void {
  window.addEventListener('popstate', () => {
    place.value = read();
  });
  document.addEventListener('click', (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    ) {
      return;
    }
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link?.target !== '' || link.hasAttribute('download') || link.origin !== window.location.origin) return;
    if (!link.hasAttribute('href') || !isOurs(link.pathname)) return;
    event.preventDefault();
    navigate(link.href);
  });
}

function isOurs(path: string): boolean {
  return path === '/' || path.startsWith('/traces/');
}

/** The trace an address names, or `undefined` for the list. */
export function traceIdOf(path: string): string | undefined {
  const match = /^\/traces\/([^/]+)\/?$/.exec(path);
  if (!match) return undefined;
  try {
    return decodeURIComponent(match[1] as string);
  } catch {
    return match[1]; // expected: a broken escape in a hand-typed address
  }
}

/** An address like the present one with one query parameter changed; `undefined` removes it. */
export function withParameter(name: string, value: string | undefined): string {
  const url = new URL(window.location.href);
  if (value === undefined) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url.pathname + url.search;
}
