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
  /** The low-cardinality name of the page, e.g. `/products/{id}`. */
  readonly route: string;
  /** The root span of the activity that brought it, where its web vitals belong; made when it is first asked for. */
  root?: () => Span;
}

/**
 * The view of the page's address now. What it says of itself is worked out when it is asked: on a page that just appeared there
 * are better things to do.
 * @param route the site's own naming; what it cannot name (a throw, no string, an empty one) gets the default template
 */
export function createPageView(route?: (url: URL) => string): PageView {
  const address = location.href;
  let name: string | undefined;
  return {
    id: createSpanId(),
    address,
    get url() {
      return redactUrl(address);
    },
    get route() {
      name ??= nameOf(new URL(address), route);
      return name;
    },
  };
}

function nameOf(url: URL, route?: (url: URL) => unknown): string {
  try {
    const name = route?.(url);
    if (typeof name === 'string' && name !== '') return name;
  } catch {
    // expected: the site's function meets a URL it was not written for
  }
  return templateOf(url.pathname);
}

/** What the root span of a view says. */
export function viewAttributes({ url, route }: PageView, type: string): Attributes {
  const path = new URL(url).pathname;
  return { [ATTR_URL_FULL]: url, [ATTR_URL_PATH]: path, [ATTR_URL_TEMPLATE]: route, [ATTR_NAVIGATION_TYPE]: type };
}
