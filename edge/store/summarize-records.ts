import {
  ATTR_ACTIVITY,
  ATTR_HTTP_ROUTE,
  ATTR_PAGE_VIEW_ID,
  ATTR_URL_TEMPLATE,
  EVENT_EXCEPTION,
  EVENT_WEB_VITAL,
} from '../../src/wire/names.ts';
import { type OtlpKeyValue, SPAN_KIND, STATUS_CODE } from '../../src/wire/otlp.ts';
import type { LogRecord, SpanRecord } from '../otlp/records.ts';
import { nanoToMicros } from './encoding/time.ts';
import { type Origin, originOf } from './origin.ts';
import { addPerson } from './person.ts';
import { spanWeight } from './span-weight.ts';
import { addService, namesBetter, ROUTE_RANK, routesBetter, type SummaryState, takeOrigin } from './summary.ts';
import { NO_ATTRIBUTES, textAttribute } from './text-attribute.ts';
import { addVital } from './web-vital.ts';

/**
 * Takes a span that is new to the trace into its state.
 * @param startUs its start and end, for who has them as numbers
 */
export function addSpan(
  state: SummaryState,
  record: SpanRecord,
  startUs = nanoToMicros(record.span.startTimeUnixNano),
  endUs = nanoToMicros(record.span.endTimeUnixNano),
): void {
  const { span } = record;
  const isRoot = !span.parentSpanId;
  const origin = originOf(record.resource);
  const { service } = origin;
  if (startUs < state.startUs) state.startUs = startUs;
  if (endUs > state.endUs) state.endUs = endUs;
  state.spans += 1;
  if (span.status?.code === STATUS_CODE.error) state.errors += 1;
  addService(state, service);
  if (namesBetter(state, isRoot, startUs, span.name)) {
    state.name = span.name;
    state.service = service;
    takeOrigin(state, origin);
    state.weight = spanWeight(span);
    state.namedUs = startUs;
    state.hasRoot = isRoot;
  }
  if (!isRoot) notePageView(state, span.attributes, origin);
  state.country ||= origin.country;
  addPerson(state, span.attributes ?? NO_ATTRIBUTES, origin);
  if (!span.attributes) return;
  if (isRoot || span.kind === SPAN_KIND.server) {
    const rank = isRoot ? ROUTE_RANK.root : ROUTE_RANK.server;
    const route = textAttribute(span.attributes, ATTR_URL_TEMPLATE) ?? textAttribute(span.attributes, ATTR_HTTP_ROUTE);
    if (route) offerRoute(state, rank, startUs, route);
    if (isRoot && state.activity === '') state.activity = textAttribute(span.attributes, ATTR_ACTIVITY) ?? '';
  }
}

/** Takes a log record that is new to the trace into its state. */
export function addLog(state: SummaryState, record: LogRecord): void {
  const { log } = record;
  state.logs += 1;
  const origin = originOf(record.resource);
  addService(state, origin.service);
  if (log.eventName === EVENT_EXCEPTION) state.errors += 1;
  const loggedUs = nanoToMicros(log.timeUnixNano ?? log.observedTimeUnixNano ?? '0');
  if (loggedUs < state.loggedUs) {
    state.loggedUs = loggedUs;
    if (state.spans === 0) {
      state.name = log.eventName ?? '';
      state.service = origin.service;
      takeOrigin(state, origin);
    }
  }
  notePageView(state, log.attributes, origin);
  if (log.eventName === EVENT_WEB_VITAL) {
    const attributes = log.attributes ?? NO_ATTRIBUTES;
    addVital(state, attributes);
    const route = textAttribute(attributes, ATTR_URL_TEMPLATE);
    if (route) offerRoute(state, ROUTE_RANK.page, loggedUs, route);
  }
  state.country ||= origin.country;
  addPerson(state, log.attributes ?? NO_ATTRIBUTES, origin);
}

function offerRoute(state: SummaryState, rank: number, atUs: number, route: string): void {
  if (!routesBetter(state, rank, atUs, route)) return;
  state.route = route;
  state.routeRank = rank;
  state.routedUs = atUs;
}

// A page's root ends last and may never come; its children and vitals tell that there is one.
function notePageView(state: SummaryState, attributes: readonly OtlpKeyValue[] | undefined, origin: Origin): void {
  if (state.isPageView || origin.device === '') return;
  state.isPageView = textAttribute(attributes ?? NO_ATTRIBUTES, ATTR_PAGE_VIEW_ID) !== undefined;
}
