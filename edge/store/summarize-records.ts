import {
  ATTR_ACTIVITY,
  ATTR_HTTP_ROUTE,
  ATTR_URL_TEMPLATE,
  EVENT_EXCEPTION,
  EVENT_WEB_VITAL,
} from '../../src/wire/names.ts';
import { SPAN_KIND, STATUS_CODE } from '../../src/wire/otlp.ts';
import type { LogRecord, SpanRecord } from '../otlp/records.ts';
import { nanoToMicros } from './encoding/time.ts';
import { originOf } from './origin.ts';
import { addPerson } from './person.ts';
import { spanWeight } from './span-weight.ts';
import { addService, namesBetter, ROUTE_RANK, routesBetter, type SummaryState, takeOrigin } from './summary.ts';
import { NO_ATTRIBUTES, textAttribute } from './text-attribute.ts';
import { addVital } from './web-vital.ts';

/** Takes a span that is new to the trace into its state. */
export function addSpan(state: SummaryState, record: SpanRecord): void {
  const { span } = record;
  const startUs = nanoToMicros(span.startTimeUnixNano);
  const endUs = nanoToMicros(span.endTimeUnixNano);
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
  state.country ||= origin.country;
  addPerson(state, span.attributes ?? NO_ATTRIBUTES, origin);
  if (!span.attributes) return;
  if (isRoot || span.kind === SPAN_KIND.server) {
    const rank = isRoot ? ROUTE_RANK.root : ROUTE_RANK.server;
    const route = textAttribute(span.attributes, ATTR_URL_TEMPLATE) ?? textAttribute(span.attributes, ATTR_HTTP_ROUTE);
    if (route && routesBetter(state, rank, startUs, route)) {
      state.route = route;
      state.routeRank = rank;
      state.routedUs = startUs;
    }
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
  if (log.eventName === EVENT_WEB_VITAL) addVital(state, log.attributes ?? NO_ATTRIBUTES);
  state.country ||= origin.country;
  addPerson(state, log.attributes ?? NO_ATTRIBUTES, origin);
}
