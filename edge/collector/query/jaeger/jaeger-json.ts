import { ATTR_SERVICE_NAME } from '../../../../src/wire/names.ts';
import { unixNanoToMs } from '../../../../src/wire/time.ts';
import type { ViewAttributes, ViewValue } from '../../../trace/trace-view.ts';
import { toViewAttributes } from '../../../trace/view-value.ts';
import type { SpanContext, TraceContext } from '../span-context.ts';

interface JaegerTag {
  key: string;
  type: 'string' | 'bool' | 'int64' | 'float64';
  value: string | number | boolean;
}

const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

/** A trace in Jaeger's own JSON, which its UI and Grafana read; times in whole microseconds. */
export function toJaegerTrace(trace: TraceContext): object {
  const processIds = new Map<ViewAttributes, string>();
  for (const { resource } of trace.spans)
    if (!processIds.has(resource)) processIds.set(resource, `p${processIds.size + 1}`);
  const processes: Record<string, object> = {};
  for (const [resource, id] of processIds) {
    const { [ATTR_SERVICE_NAME]: service, ...rest } = resource;
    processes[id] = { serviceName: String(service ?? ''), tags: toTags(rest) };
  }
  return {
    traceID: trace.traceId,
    spans: trace.spans.map((span) => toJaegerSpan(span, processIds.get(span.resource) as string)),
    processes,
    warnings: null,
  };
}

function toJaegerSpan({ record, attributes, durationMs }: SpanContext, processID: string): object {
  const { span, scope } = record;
  const references = [];
  if (span.parentSpanId) references.push({ refType: 'CHILD_OF', traceID: span.traceId, spanID: span.parentSpanId });
  for (const link of span.links ?? [])
    references.push({ refType: 'FOLLOWS_FROM', traceID: link.traceId, spanID: link.spanId });
  const tags = toTags(attributes);
  const kind = KINDS[span.kind ?? 0];
  if (kind) tags.push({ key: 'span.kind', type: 'string', value: kind });
  if (scope.name) tags.push({ key: 'otel.scope.name', type: 'string', value: scope.name });
  if (scope.version) tags.push({ key: 'otel.scope.version', type: 'string', value: scope.version });
  if (span.status?.code === 1) tags.push({ key: 'otel.status_code', type: 'string', value: 'OK' });
  if (span.status?.code === 2) {
    tags.push({ key: 'otel.status_code', type: 'string', value: 'ERROR' }, { key: 'error', type: 'bool', value: true });
  }
  if (span.status?.message) tags.push({ key: 'otel.status_description', type: 'string', value: span.status.message });
  if (span.traceState) tags.push({ key: 'w3c.tracestate', type: 'string', value: span.traceState });
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    operationName: span.name,
    references,
    startTime: micros(span.startTimeUnixNano),
    duration: Math.round(durationMs * 1000),
    tags,
    logs: (span.events ?? []).map((event) => ({
      timestamp: micros(event.timeUnixNano),
      fields: [{ key: 'event', type: 'string', value: event.name }, ...toTags(toViewAttributes(event.attributes))],
    })),
    processID,
    flags: (span.flags ?? 0) & 1,
    warnings: null,
  };
}

function micros(nanos: string): number {
  return Math.floor((unixNanoToMs(nanos) ?? 0) * 1000);
}

function toTags(attributes: ViewAttributes): JaegerTag[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, ...toTagValue(value) }));
}

// Jaeger has no lists, maps or null: they are shown as JSON.
function toTagValue(value: ViewValue): Omit<JaegerTag, 'key'> {
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'int64' : 'float64', value };
  return { type: 'string', value: typeof value === 'string' ? value : JSON.stringify(value) };
}
