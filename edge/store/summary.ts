import type { TraceId } from '../../src/wire/ids.ts';
import {
  ATTR_ACTIVITY,
  ATTR_BROWSER_MOBILE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVICE_NAME,
  ATTR_SESSION_ID,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_URL_TEMPLATE,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_HASH,
  ATTR_USER_ID,
  ATTR_WEB_VITAL_NAME,
  ATTR_WEB_VITAL_VALUE,
  EVENT_EXCEPTION,
  EVENT_WEB_VITAL,
} from '../../src/wire/names.ts';
import { type OtlpAnyValue, type OtlpKeyValue, type OtlpSpan, SPAN_KIND, STATUS_CODE } from '../../src/wire/otlp.ts';
import { adjustedCount, OT_KEY, parseOt } from '../../src/wire/sampling.ts';
import { parseTracestate } from '../../src/wire/tracestate.ts';
import type { LogRecord, ResourceRecord, SpanRecord } from '../otlp/records.ts';
import { nanoToMicros } from './encoding/time.ts';
import type { RemoveSelector, TraceSummary } from './trace-store.ts';

export const VITAL_NAMES = ['lcp', 'inp', 'cls', 'fcp', 'ttfb'] as const;
export type VitalName = (typeof VITAL_NAMES)[number];

/** Vitals are kept as integers of this many parts: a tenth of a microsecond, and four decimals of CLS. */
export const VITAL_SCALE = 10_000;

/** How sure a route is: that of the root span beats that of a server span. */
const ROUTE_RANK = { none: 0, server: 1, root: 2 } as const;

/**
 * What is known of a trace so far. States of parts of one trace merge in any order to the state of the whole. Times are
 * integer microseconds, so that a state is the same after it was stored.
 */
export interface SummaryState {
  traceId: TraceId;
  /** Of the earliest span; Infinity while there is none. */
  startUs: number;
  endUs: number;
  /** Time of the earliest log record, which stands for the trace until a span comes; Infinity while there is none. */
  loggedUs: number;
  name: string;
  service: string;
  /** `mobile`, `desktop`, or '' when the root is no browser's. */
  device: string;
  /** How many traces this one stands for, by its root's sampling threshold. */
  weight: number;
  /** Start of the span that gave name, service, device and weight. */
  namedUs: number;
  hasRoot: boolean;
  route: string;
  routeRank: number;
  /** Start of the span that gave the route. */
  routedUs: number;
  activity: string;
  services: readonly string[];
  spans: number;
  logs: number;
  errors: number;
  vitals: Partial<Record<VitalName, number>>;
  sessionId: string;
  userId: string;
  updatedMs: number;
}

export function emptySummary(traceId: TraceId): SummaryState {
  return {
    traceId,
    startUs: Number.POSITIVE_INFINITY,
    endUs: 0,
    loggedUs: Number.POSITIVE_INFINITY,
    name: '',
    service: '',
    device: '',
    weight: 1,
    namedUs: Number.POSITIVE_INFINITY,
    hasRoot: false,
    route: '',
    routeRank: ROUTE_RANK.none,
    routedUs: Number.POSITIVE_INFINITY,
    activity: '',
    services: [],
    spans: 0,
    logs: 0,
    errors: 0,
    vitals: {},
    sessionId: '',
    userId: '',
    updatedMs: 0,
  };
}

interface Origin {
  service: string;
  sessionId: string;
  /** `mobile`, `desktop`, or '' when it is no browser. */
  device: string;
}

// Records of a batch share their resource and come one after the other.
let lastResource: ResourceRecord | undefined;
let lastOrigin: Origin = { service: '', sessionId: '', device: '' };

/** What every record of a resource has in common. */
export function originOf(resource: ResourceRecord): Origin {
  if (resource !== lastResource) {
    lastOrigin = {
      service: textAttribute(resource.attributes, ATTR_SERVICE_NAME) ?? '',
      sessionId: textAttribute(resource.attributes, ATTR_SESSION_ID) ?? '',
      device: deviceOf(resource.attributes),
    };
    lastResource = resource;
  }
  return lastOrigin;
}

function deviceOf(attributes: readonly OtlpKeyValue[]): string {
  if (textAttribute(attributes, ATTR_TELEMETRY_SDK_LANGUAGE) !== 'webjs') return '';
  const mobile = attributes.find(({ key }) => key === ATTR_BROWSER_MOBILE)?.value?.boolValue;
  // Browsers that do not say it say it in their user agent, by what MDN recommends to look for.
  return (mobile ?? textAttribute(attributes, ATTR_USER_AGENT_ORIGINAL)?.includes('Mobi')) ? 'mobile' : 'desktop';
}

// What a page says of its sampling is taken up to here: one forged threshold must not outweigh everybody else.
const MAX_WEIGHT = 10_000;

/** How many spans a span stands for, by the threshold it was sampled with; 1 when none is told. */
export function spanWeight(span: OtlpSpan): number {
  if (!span.traceState?.includes('th:')) return 1;
  const ot = parseTracestate(span.traceState)?.find(([key]) => key === OT_KEY)?.[1];
  const { th } = parseOt(ot);
  return th === undefined ? 1 : Math.min(MAX_WEIGHT, adjustedCount(th));
}

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
    state.device = origin.device;
    state.weight = spanWeight(span);
    state.namedUs = startUs;
    state.hasRoot = isRoot;
  }
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
      state.device = origin.device;
    }
  }
  if (log.eventName === EVENT_WEB_VITAL) addVital(state, log.attributes ?? NO_ATTRIBUTES);
  addPerson(state, log.attributes ?? NO_ATTRIBUTES, origin);
}

const NO_ATTRIBUTES: readonly OtlpKeyValue[] = [];

function addService(state: SummaryState, service: string): void {
  if (service !== '' && !state.services.includes(service)) state.services = [...state.services, service].sort();
}

// A root beats any other span, then the earlier one wins; equal starts are settled by name, so that order never counts.
function namesBetter(state: SummaryState, isRoot: boolean, startUs: number, name: string): boolean {
  if (isRoot !== state.hasRoot) return isRoot;
  if (startUs !== state.namedUs) return startUs < state.namedUs;
  return name < state.name;
}

function routesBetter(state: SummaryState, rank: number, startUs: number, route: string): boolean {
  if (rank !== state.routeRank) return rank > state.routeRank;
  if (startUs !== state.routedUs) return startUs < state.routedUs;
  return route < state.route;
}

function addPerson(state: SummaryState, attributes: readonly OtlpKeyValue[], origin: Origin): void {
  if (state.sessionId === '') state.sessionId = origin.sessionId;
  if (state.sessionId !== '' && state.userId !== '') return;
  for (const { key, value } of attributes) {
    // Most keys are none of these, and lengths are compared faster than texts.
    if (key.length > LONGEST_PERSON_KEY) continue;
    if (key === ATTR_SESSION_ID) state.sessionId ||= value?.stringValue ?? '';
    else if (key === ATTR_USER_ID) state.userId = value?.stringValue ?? state.userId;
    else if (key === ATTR_USER_HASH) state.userId ||= value?.stringValue ?? '';
  }
}

const LONGEST_PERSON_KEY = Math.max(ATTR_SESSION_ID.length, ATTR_USER_ID.length, ATTR_USER_HASH.length);

function addVital(state: SummaryState, attributes: readonly OtlpKeyValue[]): void {
  const name = textAttribute(attributes, ATTR_WEB_VITAL_NAME)?.toLowerCase();
  const value = numberValue(attributes.find(({ key }) => key === ATTR_WEB_VITAL_VALUE)?.value);
  const vital = VITAL_NAMES.find((known) => known === name);
  if (vital && value !== undefined) setVital(state, vital, value);
}

// A vital is reported again as it grows while the page lives: the largest value is the last one.
function setVital(state: SummaryState, vital: VitalName, value: number): void {
  const rounded = Math.round(value * VITAL_SCALE) / VITAL_SCALE;
  const before = state.vitals[vital];
  if (before === undefined || rounded > before) state.vitals[vital] = rounded;
}

/** Takes the state of another part of the same trace into `into`; the parts share no span. */
export function mergeSummary(into: SummaryState, other: SummaryState): void {
  if (other.spans > 0 && (into.spans === 0 || namesBetter(into, other.hasRoot, other.namedUs, other.name))) {
    into.name = other.name;
    into.service = other.service;
    into.device = other.device;
    into.weight = other.weight;
    into.namedUs = other.namedUs;
    into.hasRoot = other.hasRoot;
  } else if (into.spans === 0 && other.loggedUs < into.loggedUs) {
    into.name = other.name;
    into.service = other.service;
    into.device = other.device;
  }
  if (other.route !== '' && routesBetter(into, other.routeRank, other.routedUs, other.route)) {
    into.route = other.route;
    into.routeRank = other.routeRank;
    into.routedUs = other.routedUs;
  }
  into.startUs = Math.min(into.startUs, other.startUs);
  into.endUs = Math.max(into.endUs, other.endUs);
  into.loggedUs = Math.min(into.loggedUs, other.loggedUs);
  if (into.activity === '') into.activity = other.activity;
  for (const service of other.services) addService(into, service);
  into.spans += other.spans;
  into.logs += other.logs;
  into.errors += other.errors;
  for (const vital of VITAL_NAMES) {
    const value = other.vitals[vital];
    if (value !== undefined) setVital(into, vital, value);
  }
  if (into.sessionId === '') into.sessionId = other.sessionId;
  if (into.userId === '') into.userId = other.userId;
  into.updatedMs = Math.max(into.updatedMs, other.updatedMs);
}

/** Start of the trace in epoch microseconds. */
export function traceStartUs(state: SummaryState): number {
  return state.spans > 0 ? state.startUs : state.loggedUs;
}

export function traceDurationUs(state: SummaryState): number {
  return state.spans > 0 ? state.endUs - state.startUs : 0;
}

export function traceEndUs(state: SummaryState): number {
  return traceStartUs(state) + traceDurationUs(state);
}

/** Whether a log record says it is of a session or a user. */
export function isOf(record: LogRecord, person: RemoveSelector): boolean {
  const attributes = record.log.attributes ?? NO_ATTRIBUTES;
  if ('userId' in person) {
    const userId = textAttribute(attributes, ATTR_USER_ID) ?? textAttribute(attributes, ATTR_USER_HASH);
    return userId === person.userId;
  }
  return (textAttribute(attributes, ATTR_SESSION_ID) ?? originOf(record.resource).sessionId) === person.sessionId;
}

/** A copy that later merges do not change. */
export function copySummary(state: SummaryState): SummaryState {
  return { ...state, vitals: { ...state.vitals } };
}

/** The row a list shows. */
export function toTraceSummary(state: SummaryState): TraceSummary {
  const others = state.services.filter((service) => service !== state.service);
  return {
    traceId: state.traceId,
    name: state.name,
    service: state.service,
    services: state.service === '' ? others : [state.service, ...others],
    route: state.route,
    activity: state.activity,
    startMs: traceStartUs(state) / 1000,
    durationMs: traceDurationUs(state) / 1000,
    spanCount: state.spans,
    errorCount: state.errors,
    vitals: { ...state.vitals },
    sessionId: state.sessionId,
    userId: state.userId,
    hasRoot: state.hasRoot,
    updatedAtMs: state.updatedMs,
  };
}

/** The first text under a key. */
export function textAttribute(attributes: readonly OtlpKeyValue[], key: string): string | undefined {
  for (const attribute of attributes) {
    if (attribute.key === key) return attribute.value?.stringValue;
  }
  return undefined;
}

function numberValue(value: OtlpAnyValue | undefined): number | undefined {
  const number = Number(value?.doubleValue ?? value?.intValue ?? Number.NaN);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}
