import type { TraceId } from '../../src/wire/ids.ts';
import { mergeVitals, type Vitals } from './web-vital.ts';

/**
 * How a route is known. The numbers are part of the storage format; how sure each is stands in `SURENESS`: that of the root
 * span beats what a page's vitals say, and that a server span.
 */
export const ROUTE_RANK = { none: 0, server: 1, root: 2, page: 3 } as const;
const SURENESS = [0, 1, 3, 2] as const;

/**
 * What is known of a trace so far. States of parts of one trace merge in any order to the state of the whole. Times are
 * integer microseconds, so that a state is the same after it was stored.
 */
export interface SummaryState extends Vitals {
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
  /** Family and major version, such as `Chrome 131`; '' when the root is no browser's. */
  browser: string;
  /** ISO 3166-1 alpha-2 of whom the root was sent for; '' when nobody said it. */
  country: string;
  /** Version of the root's service. */
  release: string;
  /** How many traces this one stands for, by its root's sampling threshold. */
  weight: number;
  /** Start of the span that gave name, service, device, browser, release and weight. */
  namedUs: number;
  hasRoot: boolean;
  /** Whether something of it says which page view it belongs to. */
  isPageView: boolean;
  route: string;
  routeRank: number;
  /** Start of the span that gave the route. */
  routedUs: number;
  activity: string;
  services: readonly string[];
  spans: number;
  logs: number;
  errors: number;
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
    browser: '',
    country: '',
    release: '',
    weight: 1,
    namedUs: Number.POSITIVE_INFINITY,
    hasRoot: false,
    isPageView: false,
    route: '',
    routeRank: ROUTE_RANK.none,
    routedUs: Number.POSITIVE_INFINITY,
    activity: '',
    services: [],
    spans: 0,
    logs: 0,
    errors: 0,
    vitals: {},
    targets: {},
    sessionId: '',
    userId: '',
    updatedMs: 0,
  };
}

// A root beats any other span, then the earlier one wins; equal starts are settled by name, so that order never counts.
export function namesBetter(state: SummaryState, isRoot: boolean, startUs: number, name: string): boolean {
  if (isRoot !== state.hasRoot) return isRoot;
  if (startUs !== state.namedUs) return startUs < state.namedUs;
  return name < state.name;
}

export function routesBetter(state: SummaryState, rank: number, startUs: number, route: string): boolean {
  if (rank !== state.routeRank) return (SURENESS[rank] ?? 0) > (SURENESS[state.routeRank] ?? 0);
  if (startUs !== state.routedUs) return startUs < state.routedUs;
  return route < state.route;
}

/** Keeps the services sorted and each once. */
export function addService(state: SummaryState, service: string): void {
  const { services } = state;
  if (service === '' || services.includes(service)) return;
  const place = services.findIndex((known) => known > service);
  state.services = place < 0 ? [...services, service] : services.toSpliced(place, 0, service);
}

/** What the span that names a trace says of where it ran. */
export function takeOrigin(state: SummaryState, from: Pick<SummaryState, 'device' | 'browser' | 'release'>): void {
  state.device = from.device;
  state.browser = from.browser;
  state.release = from.release;
}

/** Takes the state of another part of the same trace into `into`; the parts share no span. */
export function mergeSummary(into: SummaryState, other: SummaryState): void {
  if (other.spans > 0 && (into.spans === 0 || namesBetter(into, other.hasRoot, other.namedUs, other.name))) {
    into.name = other.name;
    into.service = other.service;
    takeOrigin(into, other);
    into.weight = other.weight;
    into.namedUs = other.namedUs;
    into.hasRoot = other.hasRoot;
  } else if (into.spans === 0 && other.loggedUs < into.loggedUs) {
    into.name = other.name;
    into.service = other.service;
    takeOrigin(into, other);
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
  mergeVitals(into, other);
  if (other.isPageView) into.isPageView = true;
  if (into.country === '') into.country = other.country;
  if (into.sessionId === '') into.sessionId = other.sessionId;
  if (into.userId === '') into.userId = other.userId;
  into.updatedMs = Math.max(into.updatedMs, other.updatedMs);
}

/** Whether it is a page view whose root has not come, and may never: what is shown of it is made of its children. */
export function isProvisional(state: SummaryState): boolean {
  return !state.hasRoot && state.isPageView;
}

/** What a list calls the trace. */
export function traceName(state: SummaryState): string {
  return isProvisional(state) ? `page view ${state.route}`.trimEnd() : state.name;
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

/** A copy that later merges do not change. */
export function copySummary(state: SummaryState): SummaryState {
  return { ...state, vitals: { ...state.vitals }, targets: { ...state.targets } };
}
