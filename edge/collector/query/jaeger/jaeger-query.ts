import type { TraceFilter } from '../../../store/trace-store.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import type { SpanContext } from '../span-context.ts';
import { parseDurationMs } from '../traceql/tokenize.ts';

/** What Jaeger's search asks for: one span that fits all of it. */
export interface JaegerQuery {
  filter: TraceFilter;
  limit: number;
  matches(span: SpanContext): boolean;
}

interface RawQuery {
  service?: string | undefined;
  operation?: string | undefined;
  /** JSON object of strings. */
  tags?: string | undefined;
  minDuration?: string | undefined;
  maxDuration?: string | undefined;
  limit?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 500;
/** Tags Jaeger knows that are no attributes here. */
const FACTS: ReadonlySet<string> = new Set(['error', 'span.kind']);
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** @throws {InvalidQueryError} */
export function toJaegerQuery(raw: RawQuery): JaegerQuery {
  const { service, operation } = raw;
  const tags = parseTags(raw.tags);
  const minMs = parseDuration('minimum duration', raw.minDuration) ?? 0;
  const maxMs = parseDuration('maximum duration', raw.maxDuration) ?? Number.POSITIVE_INFINITY;
  const filter: TraceFilter = {};
  if (service) filter.service = service;
  if (minMs > 0) filter.minDurationMs = minMs;
  if (raw.fromMs !== undefined) filter.fromMs = raw.fromMs;
  if (raw.toMs !== undefined) filter.toMs = raw.toMs;
  const attributes = tags.filter(([key]) => !FACTS.has(key)).map(([key, value]) => ({ key, value }));
  if (attributes.length > 0) filter.attributes = attributes;
  return {
    filter,
    limit: parseLimit(raw.limit),
    matches: (span) =>
      (!service || span.service === service) &&
      (!operation || operation === 'all' || span.record.span.name === operation) &&
      span.durationMs >= minMs &&
      span.durationMs <= maxMs &&
      tags.every(([key, value]) => tagOf(span, key) === value),
  };
}

// Jaeger knows some facts of OpenTelemetry as tags.
function tagOf({ record, attributes, resource }: SpanContext, key: string): string | undefined {
  const { span } = record;
  if (key === 'error') return String(span.status?.code === 2);
  if (key === 'span.kind') return KINDS[span.kind ?? 0];
  const value = attributes[key] ?? resource[key];
  return value === undefined || value === null ? undefined : String(value);
}

function parseTags(text: string | undefined): Array<[string, string]> {
  if (!text) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined; // expected: it is named below
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new InvalidQueryError('The tags must be a JSON object such as {"http.route":"/cart"}.');
  return Object.entries(parsed).map(([key, value]) => [key, String(value)]);
}

function parseDuration(what: string, text: string | undefined): number | undefined {
  if (!text) return undefined;
  const ms = parseDurationMs(text);
  if (Number.isNaN(ms)) throw new InvalidQueryError(`The ${what} must be like 100ms, 1.2s or 100us.`);
  return ms;
}

function parseLimit(text: string | undefined): number {
  if (!text) return DEFAULT_LIMIT;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw new InvalidQueryError('The number of traces must be a whole number above 0.');
  return Math.min(Number(text), MAX_LIMIT);
}
