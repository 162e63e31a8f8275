import { ATTR_PEER_SERVICE, ATTR_SERVER_ADDRESS } from '../../../../src/wire/names.ts';
import { unixNanoToMs } from '../../../../src/wire/time.ts';
import type { ViewValue } from '../../../trace/trace-view.ts';
import { toViewAttributes } from '../../../trace/view-value.ts';
import type { SpanContext } from '../span-context.ts';

const KINDS = [undefined, undefined, 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

/**
 * A span as Zipkin v2 has it; times in whole microseconds, and no duration below one.
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
 */
export function toZipkinSpan({ record, service, attributes, durationMs }: SpanContext): object {
  const { span, scope } = record;
  const tags: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(attributes)) tags[key] = textOf(value);
  if (scope.name) tags['otel.scope.name'] = scope.name;
  if (span.status?.code === 1) tags['otel.status_code'] = 'OK';
  if (span.status?.code === 2) {
    tags['otel.status_code'] = 'ERROR';
    tags.error = span.status.message || 'true';
  }
  const remote = attributes[ATTR_PEER_SERVICE] ?? attributes[ATTR_SERVER_ADDRESS];
  return {
    traceId: span.traceId,
    id: span.spanId,
    ...(span.parentSpanId ? { parentId: span.parentSpanId } : {}),
    ...(KINDS[span.kind ?? 0] ? { kind: KINDS[span.kind ?? 0] } : {}),
    name: span.name,
    timestamp: micros(span.startTimeUnixNano),
    duration: Math.max(1, Math.round(durationMs * 1000)),
    localEndpoint: { serviceName: service },
    ...(span.kind === 3 && typeof remote === 'string' ? { remoteEndpoint: { serviceName: remote } } : {}),
    annotations: (span.events ?? []).map((event) => ({
      timestamp: micros(event.timeUnixNano),
      value: annotationOf(event.name, toViewAttributes(event.attributes)),
    })),
    tags,
  };
}

function annotationOf(name: string, attributes: object): string {
  return Object.keys(attributes).length === 0 ? name : JSON.stringify({ [name]: attributes });
}

function micros(nanos: string): number {
  return Math.floor((unixNanoToMs(nanos) ?? 0) * 1000);
}

function textOf(value: ViewValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
