import type { SpanView, TraceView } from '../../edge/trace/trace-view.ts';
import {
  type AttributeMap,
  encodeAttributes,
  type OtlpPayload,
  type OtlpSpan,
  SPAN_KIND,
  STATUS_CODE,
} from '../../src/wire/otlp.ts';
import { msToUnixNano } from '../../src/wire/time.ts';

/** A trace as its senders would report it: one OTLP/JSON request a resource, spans and log records together. */
export function viewToOtlp(view: TraceView): OtlpPayload[] {
  return view.resources.map((described, index) => {
    const resource = { attributes: encodeAttributes(described.attributes as AttributeMap) };
    const spans = view.spans.filter((span) => span.resource === index);
    const scope = { name: spans[0]?.scope ?? '' };
    const logRecords = view.events
      .filter((event) => spans.some((span) => span.spanId === event.spanId))
      .map((event) => ({
        timeUnixNano: msToUnixNano(event.timeMs),
        eventName: event.name,
        severityNumber: event.severity,
        traceId: view.traceId,
        spanId: event.spanId,
        attributes: encodeAttributes(event.attributes as AttributeMap),
      }));
    return {
      resourceSpans: [
        { resource, scopeSpans: [{ scope, spans: spans.map((span) => toOtlpSpan(view.traceId, span)) }] },
      ],
      resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }],
    };
  });
}

function toOtlpSpan(traceId: string, span: SpanView): OtlpSpan {
  return {
    traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: SPAN_KIND[span.kind],
    startTimeUnixNano: msToUnixNano(span.startMs),
    endTimeUnixNano: msToUnixNano(span.startMs + span.durationMs),
    attributes: encodeAttributes(span.attributes as AttributeMap),
    status: { code: STATUS_CODE[span.status], message: span.statusMessage },
    events: span.events.map((event) => ({
      timeUnixNano: msToUnixNano(event.timeMs),
      name: event.name,
      attributes: encodeAttributes(event.attributes as AttributeMap),
    })),
    links: span.links.map((link) => ({ ...link, attributes: encodeAttributes(link.attributes as AttributeMap) })),
  };
}
