import type { OtlpAnyValue, OtlpKeyValue, OtlpResourceSpans } from '../../../../src/wire/otlp.ts';
import { encodeJson } from '../../../otlp/encode-json.ts';
import type { SpanRecord } from '../../../otlp/records.ts';
import { compareUnixNano } from '../../../otlp/unix-nano.ts';
import type { TraceContext } from '../span-context.ts';

/** OTLP/JSON as Jaeger's v3 API has it: its UI takes no empty value, and no NaN or infinity as a number. */
export function toJaegerResourceSpans(spans: readonly SpanRecord[]): OtlpResourceSpans[] {
  const { resourceSpans = [] } = encodeJson({ spans, logs: [] });
  return resourceSpans.map((group) => ({
    ...group,
    resource: { ...group.resource, attributes: strictKeyValues(group.resource?.attributes) },
    scopeSpans: (group.scopeSpans ?? []).map((scopeGroup) => ({
      ...scopeGroup,
      scope: { ...scopeGroup.scope, attributes: strictKeyValues(scopeGroup.scope?.attributes) },
      spans: (scopeGroup.spans ?? []).map((span) => ({
        ...span,
        attributes: strictKeyValues(span.attributes),
        events: (span.events ?? []).map((event) => ({ ...event, attributes: strictKeyValues(event.attributes) })),
        links: (span.links ?? []).map((link) => ({ ...link, attributes: strictKeyValues(link.attributes) })),
      })),
    })),
  }));
}

function strictKeyValues(attributes: readonly OtlpKeyValue[] = []): OtlpKeyValue[] {
  return attributes.map(({ key, value }) => ({ key, value: strictValue(value) }));
}

// Recursion is bounded by the depth the codec lets a value have.
function strictValue(value: OtlpAnyValue | undefined): OtlpAnyValue {
  if (value?.arrayValue) return { arrayValue: { values: (value.arrayValue.values ?? []).map(strictValue) } };
  if (value?.kvlistValue) return { kvlistValue: { values: strictKeyValues(value.kvlistValue.values) } };
  if (typeof value?.doubleValue === 'string') return { stringValue: value.doubleValue };
  return value && Object.keys(value).length > 0 ? value : { stringValue: '' };
}

/** One row of Jaeger's search results. Both spellings of the trace id: its UI changed from one to the other. */
export function toJaegerSummary(trace: TraceContext): object {
  const { spans, root } = trace;
  const ids = new Set(spans.map(({ record }) => record.span.spanId));
  const services = new Map<string, { name: string; spanCount: number; errorSpanCount: number }>();
  let errorSpanCount = 0;
  let orphanSpanCount = 0;
  let end = '0';
  for (const { service, record } of spans) {
    const { span } = record;
    const isError = span.status?.code === 2;
    const counts = services.get(service) ?? { name: service, spanCount: 0, errorSpanCount: 0 };
    counts.spanCount += 1;
    if (isError) counts.errorSpanCount += 1;
    services.set(service, counts);
    if (isError) errorSpanCount += 1;
    if (span.parentSpanId && !ids.has(span.parentSpanId)) orphanSpanCount += 1;
    if (compareUnixNano(span.endTimeUnixNano, end) > 0) end = span.endTimeUnixNano;
  }
  return {
    traceId: trace.traceId,
    traceID: trace.traceId,
    rootServiceName: root?.service ?? '',
    rootOperationName: root?.record.span.name ?? '',
    minStartTimeUnixNano: trace.startTimeUnixNano,
    maxEndTimeUnixNano: end,
    spanCount: spans.length,
    errorSpanCount,
    orphanSpanCount,
    services: [...services.values()],
  };
}
