import type { SpanId, TraceId } from './ids.ts';
import type { UnixNano } from './time.ts';

/**
 * OTLP/JSON as it stands on the wire (opentelemetry-proto 1.11): lowerCamelCase keys, hex ids, 64-bit integers as
 * decimal strings, enums as integers, bytes as base64. Decoders accept a number for a 64-bit integer and ignore what
 * they do not know.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export interface OtlpAnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number | string | null;
  arrayValue?: { values?: OtlpAnyValue[] };
  kvlistValue?: { values?: OtlpKeyValue[] };
  /** base64 */
  bytesValue?: string;
}

export interface OtlpKeyValue {
  key: string;
  value?: OtlpAnyValue;
}

export interface OtlpResource {
  attributes?: OtlpKeyValue[];
  droppedAttributesCount?: number;
}

export interface OtlpScope {
  name?: string;
  version?: string;
  attributes?: OtlpKeyValue[];
  droppedAttributesCount?: number;
}

/** `SpanKind` of opentelemetry-proto. */
export const SPAN_KIND = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
/** `Status.StatusCode` of opentelemetry-proto. */
export const STATUS_CODE = { unset: 0, ok: 1, error: 2 } as const;
/** `SpanFlags` of opentelemetry-proto: bits 0-7 are the W3C trace flags. */
export const SPAN_FLAGS_HAS_IS_REMOTE = 0x100;
export const SPAN_FLAGS_IS_REMOTE = 0x200;

export interface OtlpSpanEvent {
  timeUnixNano: UnixNano;
  name: string;
  attributes?: OtlpKeyValue[];
  droppedAttributesCount?: number;
}

export interface OtlpSpanLink {
  traceId: TraceId;
  spanId: SpanId;
  traceState?: string;
  attributes?: OtlpKeyValue[];
  droppedAttributesCount?: number;
  flags?: number;
}

export interface OtlpSpan {
  traceId: TraceId;
  spanId: SpanId;
  traceState?: string;
  /** Absent or empty on a root span. */
  parentSpanId?: SpanId | '';
  flags?: number;
  name: string;
  kind?: number;
  startTimeUnixNano: UnixNano;
  endTimeUnixNano: UnixNano;
  attributes?: OtlpKeyValue[];
  droppedAttributesCount?: number;
  events?: OtlpSpanEvent[];
  droppedEventsCount?: number;
  links?: OtlpSpanLink[];
  droppedLinksCount?: number;
  status?: { code?: number; message?: string };
}

export interface OtlpLogRecord {
  timeUnixNano?: UnixNano;
  observedTimeUnixNano?: UnixNano;
  severityNumber?: number;
  severityText?: string;
  /** Since 1.4: the name that makes a log record an event. */
  eventName?: string;
  body?: OtlpAnyValue;
  attributes?: OtlpKeyValue[];
  droppedAttributesCount?: number;
  flags?: number;
  traceId?: TraceId | '';
  spanId?: SpanId | '';
}

export interface OtlpScopeSpans {
  scope?: OtlpScope;
  spans?: OtlpSpan[];
  schemaUrl?: string;
}
export interface OtlpResourceSpans {
  resource?: OtlpResource;
  scopeSpans?: OtlpScopeSpans[];
  schemaUrl?: string;
}
export interface OtlpScopeLogs {
  scope?: OtlpScope;
  logRecords?: OtlpLogRecord[];
  schemaUrl?: string;
}
export interface OtlpResourceLogs {
  resource?: OtlpResource;
  scopeLogs?: OtlpScopeLogs[];
  schemaUrl?: string;
}

/** Valid at once as an `ExportTraceServiceRequest` and as an `ExportLogsServiceRequest`. */
export interface OtlpPayload {
  resourceSpans?: OtlpResourceSpans[];
  resourceLogs?: OtlpResourceLogs[];
}

/** A plain attribute value as OpenTelemetry's API takes them. */
export type AttributePrimitive = string | number | boolean;
export type AttributeValue = AttributePrimitive | ReadonlyArray<AttributePrimitive | null | undefined>;
export type AttributeMap = Readonly<Record<string, AttributeValue | null | undefined>>;

/** An attribute value as OTLP/JSON; whole numbers become `intValue`. `undefined` for what OTLP cannot hold. */
export function encodeValue(value: unknown): OtlpAnyValue | undefined {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return Number.isSafeInteger(value)
        ? { intValue: String(value) }
        : { doubleValue: Number.isFinite(value) ? value : String(value) };
    case 'object':
      if (Array.isArray(value)) return { arrayValue: { values: value.map((item) => encodeValue(item) ?? {}) } };
  }
  return undefined;
}

/** Plain attributes as OTLP key-values; null, undefined and unsupported values are left out. */
export function encodeAttributes(attributes: AttributeMap | undefined): OtlpKeyValue[] {
  const encoded: OtlpKeyValue[] = [];
  for (const key in attributes) {
    const value = encodeValue(attributes[key]);
    if (value && key !== '') encoded.push({ key, value });
  }
  return encoded;
}
