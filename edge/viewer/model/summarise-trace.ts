import {
  ATTR_ACTIVITY,
  ATTR_BROWSER_MOBILE,
  ATTR_GEO_COUNTRY,
  ATTR_HTTP_ROUTE,
  ATTR_SERVICE_VERSION,
  ATTR_SESSION_ID,
  ATTR_URL_TEMPLATE,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_ID,
} from '../../../src/wire/names.ts';
import type { TraceSummary } from '../../store/trace-store.ts';
import { browserOf } from '../../trace/browser-name.ts';
import type { TraceView, ViewAttributes } from '../../trace/trace-view.ts';
import { textOf } from './attribute-text.ts';
import { isException } from './trace-model.ts';
import { readVitals } from './web-vitals.ts';

/** The row of the list for a trace that no store has summed up: one out of a file. */
export function summariseTrace(view: TraceView): TraceSummary {
  const root = view.spans.find((span) => span.spanId === view.root) ?? view.spans[0];
  const attributes = root?.attributes ?? {};
  const resource = view.resources[root?.resource ?? -1]?.attributes ?? {};
  const services = new Set([root?.service ?? '', ...view.spans.map((span) => span.service)]);
  const exceptions = [...view.events, ...view.spans.flatMap((span) => span.events)].filter(isException).length;
  return {
    traceId: view.traceId,
    name: root?.name ?? '',
    service: root?.service ?? '',
    services: [...services],
    route: textOf(attributes[ATTR_URL_TEMPLATE]) || textOf(attributes[ATTR_HTTP_ROUTE]),
    activity: textOf(attributes[ATTR_ACTIVITY]),
    ...placeOf(root?.layer === 'browser', resource),
    startMs: view.startMs,
    durationMs: view.durationMs,
    spanCount: view.spans.length,
    errorCount: view.spans.filter((span) => span.status === 'error').length + exceptions,
    vitals: Object.fromEntries(readVitals(view).map(({ name, value }) => [name, value])),
    sessionId: textOf(attributes[ATTR_SESSION_ID]) || textOf(resource[ATTR_SESSION_ID]),
    userId: textOf(attributes[ATTR_USER_ID]) || textOf(resource[ATTR_USER_ID]),
    hasRoot: view.hasRoot,
    isProvisional: root?.provisional === true,
    updatedAtMs: view.startMs,
  };
}

function placeOf(isBrowser: boolean, resource: ViewAttributes) {
  const userAgent = textOf(resource[ATTR_USER_AGENT_ORIGINAL]);
  const mobile = resource[ATTR_BROWSER_MOBILE] ?? userAgent.includes('Mobi');
  return {
    browser: isBrowser ? browserOf(userAgent) : '',
    device: isBrowser ? (mobile ? 'mobile' : 'desktop') : '',
    country: textOf(resource[ATTR_GEO_COUNTRY]),
    release: textOf(resource[ATTR_SERVICE_VERSION]),
  };
}
