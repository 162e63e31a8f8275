import type { Link, SpanContext } from '@opentelemetry/api';
import { SPAN_FLAGS_HAS_IS_REMOTE, SPAN_FLAGS_IS_REMOTE } from '../../src/wire/otlp.ts';
import { type EpochMs, msToUnixNano, type UnixNano } from '../../src/wire/time.ts';
import { runtime } from '../runtimes/detect.ts';
import { LimitedAttributes } from './limited-attributes.ts';
import type { EdgeSpan } from './span.ts';

/**
 * One span as OTLP/JSON text. Written by hand rather than through an object, because this runs once a span inside the
 * request; joined at last, because a sum of strings waits for its export as a tree of all its parts, which the garbage collector
 * copies one by one. Ids are hex; everything else is escaped, so that nothing an app passes against its type spoils
 * a batch. What is empty is left out; the trace flags never are, for a reader would take the ids for not random.
 */
export function encodeSpan(span: EdgeSpan): string {
  const { parentSpanId, name, kind, startMs, endMs = startMs, attributes, events, links, status } = span;
  const text =
    `{${encodeContext(span.spanContext(), span.parentIsRemote)}${field('parentSpanId', parentSpanId && `"${parentSpanId}"`)}` +
    // The API counts kinds from 0 (internal), OTLP from 1.
    `${field('name', JSON.stringify(name))},"kind":${(kind | 0) + 1}` +
    `,"startTimeUnixNano":"${nanos(startMs, span.startTick)}","endTimeUnixNano":"${nanos(endMs, span.endTick)}"` +
    `${field('attributes', attributes.items)}${field('droppedAttributesCount', attributes.dropped)}` +
    `${field('events', events?.items)}${field('droppedEventsCount', events?.dropped)}` +
    `${field('links', links?.items)}${field('droppedLinksCount', links?.dropped)}` +
    `${field('status', status && JSON.stringify(status))}`;
  return [text, '}'].join('');
}

export function encodeEvent(name: string, timeMs: EpochMs, given: object | undefined): string {
  const { items } = new LimitedAttributes().setAll(given);
  return `{"timeUnixNano":"${msToUnixNano(timeMs)}"${field('name', JSON.stringify(name))}${field('attributes', items)}}`;
}

export function encodeLink({ context, attributes }: Link): string {
  const { items } = new LimitedAttributes().setAll(attributes);
  return `{${encodeContext(context, context.isRemote)}${field('attributes', items)}}`;
}

const MAX_TICK = 999_999;

/**
 * Where clocks stand still between I/O, everything in between has the same millisecond: the nanoseconds, which such a
 * clock does not have, tell the order, so that children nest and siblings sort in every viewer.
 */
function nanos(ms: EpochMs, tick: number): UnixNano {
  if (runtime.measuresComputation || !Number.isInteger(ms)) return msToUnixNano(ms);
  return ms + String(Math.min(tick, MAX_TICK)).padStart(6, '0');
}

function encodeContext(
  { traceId, spanId, traceFlags, traceState }: SpanContext,
  isRemote: boolean | undefined,
): string {
  const flags = traceFlags | SPAN_FLAGS_HAS_IS_REMOTE | (isRemote ? SPAN_FLAGS_IS_REMOTE : 0);
  const state = field('traceState', traceState && JSON.stringify(traceState.serialize()));
  return `"traceId":"${traceId}","spanId":"${spanId}","flags":${flags}${state}`;
}

function field(name: string, json: string | number | undefined): string {
  return json ? `,"${name}":${json}` : '';
}
