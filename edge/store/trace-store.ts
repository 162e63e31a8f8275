import type { TraceId } from '../../src/wire/ids.ts';
import type { LogRecord, SpanRecord } from '../otlp/records.ts';

/** `public`: sent with a page's key, so anybody can have written it. `trusted`: sent by a worker or backend of ours. */
export type Trust = 'public' | 'trusted';

/** One accepted request: validated, scrubbed, and stamped with where it came from. */
export interface AcceptedBatch {
  receivedAtMs: number;
  trust: Trust;
  /** Names the key in keys.json; never the key itself. */
  keyId: string;
  /** 16 hex digits of the sender's choice; a batch that comes again under its id is answered as a duplicate. */
  batchId?: string;
  spans: SpanRecord[];
  logs: LogRecord[];
}

export interface AppendResult {
  storedSpans: number;
  storedLogs: number;
  /** Already there with the same content: stored and counted once. */
  duplicateSpans: number;
  duplicateLogs: number;
  /** Same (trace id, span id), other content, or a public span where a trusted one is: the first version stays. */
  conflictingSpans: number;
}

/** One row of the list of traces. */
export interface TraceSummary {
  traceId: TraceId;
  /** Name of the root span; of the earliest span while the root has not come. */
  name: string;
  /** Service of the root span, or of the earliest one. */
  service: string;
  /** All services in the trace, the root's first. */
  services: string[];
  /** Route template: `url.template` or `http.route` of the root, else of the first server span; '' if unknown. */
  route: string;
  /** `page load`, `navigation`, `interaction`, or '' for a trace no browser started. */
  activity: string;
  /** Family and major version of the root's browser, such as `Chrome 131`; `other`; '' when it is no browser. */
  browser: string;
  /** `mobile`, `desktop`, or '' when the root is no browser's. */
  device: string;
  /** ISO 3166-1 alpha-2; '' when neither the sender nor a proxy said it. */
  country: string;
  /** `service.version` of the root's service. */
  release: string;
  /** Epoch ms of the earliest span's start, as the senders' clocks said. */
  startMs: number;
  durationMs: number;
  spanCount: number;
  /** Spans with status error plus exception events. */
  errorCount: number;
  /** Web vitals of the page view, ms (CLS: unitless); absent when not (yet) reported. */
  vitals: { lcp?: number; inp?: number; cls?: number; fcp?: number; ttfb?: number };
  sessionId: string;
  userId: string;
  /** False while the root span has not come: normal with browsers, whose root ends last. */
  hasRoot: boolean;
  /** True for a page view whose root has not come, and may never: name, start and duration are made of its children. */
  isProvisional: boolean;
  /** Epoch ms of the last change: live views ask for what is newer. */
  updatedAtMs: number;
}

/**
 * An attribute as people write it: numbers and booleans as their text; a list has every value that is in it. Without a
 * value, any value under the key.
 */
export interface AttributeCondition {
  key: string;
  value?: string;
}

/** All conditions must hold. Times are epoch ms of the trace's start. */
export interface TraceFilter {
  fromMs?: number;
  toMs?: number;
  /** Any service of the trace. */
  service?: string;
  route?: string;
  /** Substring of the root's name, case-insensitive. */
  name?: string;
  activity?: string;
  /** Family, or family and major version: `Chrome`, `Chrome 131`. */
  browser?: string;
  /** `mobile` or `desktop`. */
  device?: string;
  /** ISO 3166-1 alpha-2. */
  country?: string;
  release?: string;
  minDurationMs?: number;
  maxDurationMs?: number;
  /** Only traces with (true) or without (false) errors. */
  error?: boolean;
  sessionId?: string;
  userId?: string;
  /**
   * Only traces with a span or log record that has all of these, on itself or its resource. Blocks that certainly have
   * none are skipped; what is left is read, so give a window.
   */
  attributes?: AttributeCondition[];
  /** Only traces with a change after this, for live views. */
  updatedAfterMs?: number;
  /** 1-500, default 50. */
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
}

export interface TracePage {
  /** Newest start first. */
  traces: TraceSummary[];
  nextCursor?: string;
}

/** Everything stored of one trace, in no particular order. */
export interface StoredTrace {
  traceId: TraceId;
  spans: SpanRecord[];
  logs: LogRecord[];
}

export interface StoreStats {
  spans: number;
  logs: number;
  traces: number;
  /** Everything on disk, indexes and journal included. */
  bytes: number;
  oldestMs?: number;
  newestMs?: number;
  /** Changes with every append that stored something. */
  version: number;
}

export interface ExpireResult {
  /** What this call removed. */
  spans: number;
  logs: number;
  traces: number;
  bytes: number;
}

/**
 * `requests`: how long root spans, and spans that serve a request or take a message, took; `roots`: root spans alone;
 * `served`: spans of kind server alone. The others: web vitals of page views.
 */
export type Measure = 'requests' | 'roots' | 'served' | 'lcp' | 'inp' | 'cls' | 'fcp' | 'ttfb';
export type StatisticsGroup = 'hour' | 'service' | 'route' | 'device' | VitalGroup;
/** Known of web vitals alone; `target` is the selector of the element a value is about. */
export type VitalGroup = 'browser' | 'country' | 'release' | 'target';

/**
 * All conditions must hold. Whole hours that touch the time window count. What asks for browser, country, release or
 * target reads a row a web vital, not a sum an hour.
 */
export interface StatisticsQuery {
  measure: Measure;
  /** Epoch ms. */
  fromMs: number;
  toMs: number;
  service?: string;
  route?: string;
  device?: string;
  /** Family, or family and major version. */
  browser?: string;
  country?: string;
  release?: string;
  target?: string;
  /** One row for each combination of these; absent or empty: one row for all. */
  by?: StatisticsGroup[];
  /** Hours in one row when grouped by hour, 1-8760, default 1; counted from 1970. */
  everyHours?: number;
  /** Shares (0-1) whose values each row tells as `quantiles`, at most 16. */
  quantiles?: number[];
  /** Rows with the largest counts, 1-1000, default 200; grouping by hour keeps all hours of those. */
  limit?: number;
}

/**
 * Measured from everything accepted, so sampling does not bend it: counts are adjusted by the thresholds spans were
 * sampled with. Milliseconds; CLS without unit. Percentiles are within 2.5 %. Of each part of a store the first 100
 * services, and 300 routes of each, have rows of their own; all others are counted together as `other`.
 */
export interface StatisticsRow {
  /** Epoch ms of the start of the first hour of the row, when grouped by hour. */
  hourMs?: number;
  service?: string;
  route?: string;
  /** `mobile`, `desktop`, or '' when no browser was involved. */
  device?: string;
  /** Family and major version. */
  browser?: string;
  country?: string;
  release?: string;
  target?: string;
  count: number;
  errors: number;
  mean: number;
  p50: number;
  p75: number;
  p95: number;
  p99: number;
  /** In the order asked for. */
  quantiles?: number[];
}

export interface SessionFilter {
  /** Epoch ms: sessions with a trace that started in this window. */
  fromMs?: number;
  toMs?: number;
  userId?: string;
  service?: string;
  /** Only sessions with (true) or without (false) errors. */
  error?: boolean;
  /** 1-500, default 50. */
  limit?: number;
}

/** What the traces of one session in the window add up to. */
export interface SessionSummary {
  sessionId: string;
  userId: string;
  /** Epoch ms of the first start and the last end. */
  startMs: number;
  endMs: number;
  traceCount: number;
  spanCount: number;
  errorCount: number;
  /** Route of the first page view. */
  entryRoute: string;
  device: string;
}

/** Whose data to delete: exactly one of the two. */
export type RemoveSelector = { sessionId: string } | { userId: string };

/**
 * Where traces are kept. Implementations pass `test/contracts/trace-store.ts`.
 */
export interface TraceStore {
  /**
   * Stores a batch. Resolves when it is durable: a crash of the process after that loses nothing of it.
   * Idempotent by (trace id, span id), for log records by (trace id, event id) or content, also after a restart.
   * @throws {StoreUnavailableError} when it cannot be made durable now (disk full, closing); nothing of it is kept.
   */
  append(batch: AcceptedBatch): Promise<AppendResult>;
  /** Everything of one trace, found the moment `append` resolved; `undefined` when there is nothing. */
  trace(traceId: TraceId): Promise<StoredTrace | undefined>;
  search(filter: TraceFilter): Promise<TracePage>;
  /** Sessions with traces in the window, the one that was last active first. */
  sessions(filter: SessionFilter): Promise<SessionSummary[]>;
  /** Counts and percentiles of requests or web vitals, largest count first, or by hour when grouped by it alone. */
  statistics(query: StatisticsQuery): Promise<StatisticsRow[]>;
  stats(): Promise<StoreStats>;
  /** Removes what is older than the retention time, or beyond the byte quota, oldest first. */
  expire(nowMs: number): Promise<ExpireResult>;
  /** Deletes every trace of a session or user, for good: blocks that hold them are written anew. Statistics stay. */
  remove(selector: RemoveSelector): Promise<ExpireResult>;
  /** Writes out what waits and releases the files. Appends after that are refused. */
  close(): Promise<void>;
}

/** The store cannot take a batch now; the sender should try again (HTTP 503). */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}
