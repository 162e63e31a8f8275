import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-web';
import { type AttributeMap, encodeAttributes, type OtlpSpan } from '../wire/otlp.ts';
import type { EpochMs, UnixNano } from '../wire/time.ts';

/** An ended span of the SDK as OTLP/JSON. What varies least comes last, which gzip likes. */
export function encodeSpan(span: ReadableSpan): OtlpSpan {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const { parentSpanContext: parent, events, links, status } = span;
  const encoded: OtlpSpan = {
    spanId,
    startTimeUnixNano: nanos(span.startTime),
    endTimeUnixNano: nanos(span.endTime),
    traceId,
    ...(parent && { parentSpanId: parent.spanId }),
    flags: traceFlags,
    ...(traceState && { traceState: traceState.serialize() }),
    name: span.name,
    // OpenTelemetry's API counts kinds from 0, the protocol from 1.
    kind: span.kind + 1,
    attributes: encodeAttributes(span.attributes as AttributeMap),
  };
  if (status.code) encoded.status = { code: status.code, ...(status.message && { message: status.message }) };
  if (span.droppedAttributesCount) encoded.droppedAttributesCount = span.droppedAttributesCount;
  if (events.length > 0)
    encoded.events = events.map(({ name, time, attributes }) => ({
      timeUnixNano: nanos(time),
      name,
      attributes: encodeAttributes(attributes as AttributeMap | undefined),
    }));
  if (links.length > 0)
    encoded.links = links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: encodeAttributes(attributes as AttributeMap | undefined),
    }));
  return encoded;
}

function nanos(time: HrTime): UnixNano {
  return microsToNano(epochMsOf(time) * 1e3);
}

export function epochMsOf([seconds, nanos]: HrTime): EpochMs {
  return seconds * 1e3 + nanos / 1e6;
}

/** Whole microseconds: no browser tells finer times, and what a double makes of them below that does not compress. */
export function microsToNano(micros: number): UnixNano {
  return `${Math.round(micros)}000`;
}
