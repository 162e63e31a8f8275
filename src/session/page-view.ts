import type { Attributes, Span } from '@opentelemetry/api';
import { createSpanId } from '../wire/ids.ts';
import { ATTR_NAVIGATION_TYPE, ATTR_URL_FULL, ATTR_URL_PATH, ATTR_URL_TEMPLATE } from '../wire/names.ts';
import { redactUrl, templateOf } from '../wire/url.ts';

/** One document load, one soft navigation, or one return from the back/forward cache. */
export interface PageView {
  /** 16 hex digits; lives as long as the view and identifies nobody. */
  readonly id: string;
  /** As the page's address, and fit to be sent. */
  readonly address: string;
  readonly url: string;
  readonly path: string;
  /** The low-cardinality name of the page, e.g. `/products/{id}`. */
  readonly route: string;
  /** The root span of the activity that brought it: where its web vitals belong. */
  root?: Span;
}

/**
 * The view of the page's address now.
 * @param route the site's own naming; what it cannot name (a throw, no string, an empty one) gets the default template
 */
export function createPageView(route?: (url: URL) => string): PageView {
  const address = location.href;
  const url = new URL(address);
  let name: unknown;
  try {
    name = route?.(url);
  } catch {
    // expected: the site's function meets a URL it was not written for
  }
  return {
    id: createSpanId(),
    address,
    url: redactUrl(address),
    path: url.pathname,
    route: typeof name === 'string' && name !== '' ? name : templateOf(url.pathname),
  };
}

/** What the root span of a view says. */
export function viewAttributes({ url, path, route }: PageView, type: string): Attributes {
  return { [ATTR_URL_FULL]: url, [ATTR_URL_PATH]: path, [ATTR_URL_TEMPLATE]: route, [ATTR_NAVIGATION_TYPE]: type };
}
