import type { Link, SpanContext } from '@opentelemetry/api';
import { SPAN_FLAGS_HAS_IS_REMOTE, SPAN_FLAGS_IS_REMOTE } from '../../src/wire/otlp.ts';
import { type EpochMs, msToUnixNano, type UnixNano } from '../../src/wire/time.ts';
import { runtime } from '../runtimes/detect.ts';
import { LimitedAttributes } from './limited-attributes.ts';
import type { EdgeSpan } from './span.ts';

/**
 * One span as OTLP/JSON text. What is `undefined` is left out; the trace flags never are, for a reader would take the ids for
 * not random.
 */
export function encodeSpan(span: EdgeSpan): string {
  const { parentSpanId, name, kind, startMs, endMs = startMs, attributes, events, links, status } = span;
  return JSON.stringify({
    ...encodeContext(span.spanContext(), span.parentIsRemote),
    parentSpanId,
    name,
    // The API counts kinds from 0 (internal), OTLP from 1.
    kind: kind + 1,
    startTimeUnixNano: nanos(startMs, span.startTick),
    endTimeUnixNano: nanos(endMs, span.endTick),
    attributes: attributes.items,
    droppedAttributesCount: attributes.dropped,
    events: events.items,
    droppedEventsCount: events.dropped,
    links: links.items,
    droppedLinksCount: links.dropped,
    status,
  });
}

export function encodeEvent(name: string, timeMs: EpochMs, given: object | undefined): object {
  return { timeUnixNano: msToUnixNano(timeMs), name, attributes: new LimitedAttributes().setAll(given).items };
}

export function encodeLink({ context, attributes }: Link): object {
  return { ...encodeContext(context, context.isRemote), attributes: new LimitedAttributes().setAll(attributes).items };
}

const MAX_TICK = 999_999;

/**
 * Where clocks stand still between I/O, everything in between has the same millisecond: the nanoseconds, which such a
 * clock does not have, tell the order, so that children nest and siblings sort in every viewer.
 */
function nanos(ms: EpochMs, tick: number): UnixNano {
  return runtime.measuresComputation || !Number.isInteger(ms)
    ? msToUnixNano(ms)
    : `${ms}${String(Math.min(tick, MAX_TICK)).padStart(6, '0')}`;
}

function encodeContext({ traceId, spanId, traceFlags, traceState }: SpanContext, isRemote: boolean | undefined) {
  const flags = traceFlags | SPAN_FLAGS_HAS_IS_REMOTE | (isRemote ? SPAN_FLAGS_IS_REMOTE : 0);
  return { traceId, spanId, flags, traceState: traceState?.serialize() };
}
