import type { SpanContext } from '@opentelemetry/api';
import { createSpanId } from '../wire/ids.ts';
import { redactUrl, templateOf } from '../wire/url.ts';

/** One document load, one soft navigation, or one return from the back/forward cache. */
export interface PageView {
  /** 16 hex digits; lives as long as the view and identifies nobody. */
  readonly id: string;
  readonly url: string;
  /** The low-cardinality name of the page, e.g. `/products/{id}`. */
  readonly route: string;
  /** The root span of the activity that brought it: where its web vitals belong. */
  root?: SpanContext;
}

/**
 * The view of `address`.
 * @param route the site's own naming; what it cannot name (a throw, no string, an empty one) gets the default template
 */
export function createPageView(address: string, route?: (url: URL) => string): PageView {
  const url = new URL(address, location.href);
  let name: unknown;
  try {
    name = route?.(url);
  } catch {
    // expected: the site's function meets a URL it was not written for
  }
  return {
    id: createSpanId(),
    url: redactUrl(url.href),
    route: typeof name === 'string' && name !== '' ? name : templateOf(url.pathname),
  };
}
