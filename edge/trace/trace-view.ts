import type { SpanId, TraceId } from '../../src/wire/ids.ts';

/** Where in the line from click to database a span ran. */
export type Layer = 'browser' | 'edge' | 'backend' | 'queue';

/** A decoded attribute value; 64-bit integers beyond 2^53 and bytes (base64) are strings. */
export type ViewValue = string | number | boolean | null | ViewValue[] | { [key: string]: ViewValue };
/** Null-prototype objects: keys are foreign input. */
export type ViewAttributes = { [key: string]: ViewValue };

export interface SpanView {
  spanId: SpanId;
  /** '' on a root. */
  parentSpanId: SpanId | '';
  name: string;
  kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  service: string;
  layer: Layer;
  /** Epoch ms after clock correction; children nest in their parents as far as clocks allow. */
  startMs: number;
  durationMs: number;
  /** What the correction added to the sender's `startMs`; 0 when nothing was corrected. Raw start = startMs - shiftMs. */
  shiftMs: number;
  /** What the correction added to the duration, for clocks that tick in whole ms (workers). */
  stretchMs: number;
  status: 'unset' | 'ok' | 'error';
  statusMessage: string;
  attributes: ViewAttributes;
  events: EventView[];
  links: LinkView[];
  /** Index into `TraceView.resources`. */
  resource: number;
  scope: string;
  /** `public`: a page's key sent it, anybody can have. */
  trust: 'public' | 'trusted';
  /** True when `parentSpanId` is not in the trace (yet). */
  orphan: boolean;
  /** True on a page view that was made of its children, because its root has not come and may never. */
  provisional?: true;
}

export interface LinkView {
  traceId: TraceId;
  spanId: SpanId;
  attributes: ViewAttributes;
}

export interface EventView {
  name: string;
  /** Epoch ms, corrected like the spans of the same sender. */
  timeMs: number;
  /** The span it belongs to; '' when it names none. */
  spanId: SpanId | '';
  service: string;
  severity: number;
  body: ViewValue;
  attributes: ViewAttributes;
}

export interface ResourceView {
  service: string;
  layer: Layer;
  trust: 'public' | 'trusted';
  attributes: ViewAttributes;
}

/** One assembled trace: what `GET /api/traces/{traceId}` answers. */
export interface TraceView {
  traceId: TraceId;
  /** The root: the span without a parent that starts first; else the earliest orphan. */
  root: SpanId;
  /** False when no span without a parent has come (yet); the root may then be a provisional one. */
  hasRoot: boolean;
  startMs: number;
  durationMs: number;
  /** Depth-first: parents before children, siblings by start, then by sequence number. */
  spans: SpanView[];
  /** Log records of the trace (web vitals, exceptions, …) by time. */
  events: EventView[];
  resources: ResourceView[];
  /** What was wrong with the input and how it was read: cycles, self parents, duplicate roots. For people. */
  warnings: string[];
}
