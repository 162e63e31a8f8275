import { ATTR_PAGE_VIEW_ID, ATTR_URL_TEMPLATE } from '../../src/wire/names.ts';
import type { LogRecord } from '../otlp/records.ts';
import type { SpanView } from './trace-view.ts';
import { toViewAttributes } from './view-value.ts';

/**
 * A page reports its root last, and a page that was closed, crashed or lost its network never does. The page view is
 * then made of the spans it began: from the start of the first to the end of the last. The real root takes its place, for
 * it has the same id.
 * @returns `undefined` when the root is there, or nothing says that there was a page view
 */
export function provisionalPageView(spans: readonly SpanView[], logs: readonly LogRecord[]): SpanView | undefined {
  const ids = new Set<string>();
  for (const { spanId, parentSpanId } of spans) {
    if (parentSpanId === '') return undefined;
    ids.add(spanId);
  }
  const isChild = ({ layer, parentSpanId, attributes }: SpanView): boolean =>
    layer === 'browser' && !ids.has(parentSpanId) && ATTR_PAGE_VIEW_ID in attributes;
  let first: SpanView | undefined;
  for (const span of spans) if (isChild(span) && !(first && first.startMs <= span.startMs)) first = span;
  if (!first) return undefined;
  let endMs = first.startMs;
  for (const span of spans) {
    if (span.parentSpanId === first.parentSpanId) endMs = Math.max(endMs, span.startMs + span.durationMs);
  }
  const pageView = first.attributes[ATTR_PAGE_VIEW_ID] ?? '';
  const route = routeOf(logs);
  const attributes = toViewAttributes([]);
  attributes[ATTR_PAGE_VIEW_ID] = pageView;
  if (route !== '') attributes[ATTR_URL_TEMPLATE] = route;
  return {
    ...first,
    spanId: first.parentSpanId,
    parentSpanId: '',
    name: `page view ${route}`.trimEnd(),
    kind: 'internal',
    durationMs: endMs - first.startMs,
    status: 'unset',
    statusMessage: '',
    attributes,
    events: [],
    links: [],
    provisional: true,
  };
}

// Web vitals tell the route of their page view, and come long before its root ends.
function routeOf(logs: readonly LogRecord[]): string {
  for (const { log } of logs) {
    const route = log.attributes?.find(({ key }) => key === ATTR_URL_TEMPLATE)?.value?.stringValue;
    if (route) return route;
  }
  return '';
}
