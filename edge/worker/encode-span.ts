import type { AttributeValue, Link } from '@opentelemetry/api';
import { encodeValue, SPAN_FLAGS_HAS_IS_REMOTE, SPAN_FLAGS_IS_REMOTE } from '../../src/wire/otlp.ts';
import { type EpochMs, msToUnixNano } from '../../src/wire/time.ts';
import { runtime } from '../runtimes/detect.ts';
import type { EdgeSpan, FlatAttributes } from './span.ts';

/**
 * One span as OTLP/JSON text. Written by hand rather than through an object, because this runs once a span inside the
 * request: about half the time of building and stringifying one. Ids are ours and hex; everything else is escaped.
 */
export function encodeSpan(span: EdgeSpan): string {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const flags = traceFlags | SPAN_FLAGS_HAS_IS_REMOTE | (span.parentIsRemote ? SPAN_FLAGS_IS_REMOTE : 0);
  let json = `{"traceId":"${traceId}","spanId":"${spanId}"`;
  if (span.parentSpanId) json += `,"parentSpanId":"${span.parentSpanId}"`;
  const state = traceState?.serialize();
  if (state) json += `,"traceState":${textJson(state)}`;
  // The API counts kinds from 0 (internal), OTLP from 1.
  json += `,"flags":${flags},"name":${textJson(span.name)},"kind":${span.kind + 1}`;
  json += `,"startTimeUnixNano":"${nanos(span.startMs, span.startTick)}"`;
  json += `,"endTimeUnixNano":"${nanos(span.endMs ?? span.startMs, span.endTick)}"`;
  json += attributesJson(span.attributes);
  if (span.droppedAttributes) json += `,"droppedAttributesCount":${span.droppedAttributes}`;
  if (span.events) {
    const events = span.events.map(
      ({ name, timeMs, attributes }) =>
        `{"timeUnixNano":"${msToUnixNano(timeMs)}","name":${JSON.stringify(name)}${attributesJson(attributes)}}`,
    );
    json += `,"events":[${events.join(',')}]`;
  }
  if (span.droppedEvents) json += `,"droppedEventsCount":${span.droppedEvents}`;
  if (span.links) json += `,"links":[${span.links.map(linkJson).join(',')}]`;
  if (span.droppedLinks) json += `,"droppedLinksCount":${span.droppedLinks}`;
  if (span.status) json += `,"status":${statusJson(span.status.code, span.status.message)}`;
  return `${json}}`;
}

const MAX_TICK = 999_999;

/**
 * Where clocks stand still between I/O, everything in between has the same millisecond: the nanoseconds, which such a
 * clock does not have, tell the order, so that children nest and siblings sort in every viewer.
 */
function nanos(ms: EpochMs, tick: number): string {
  return runtime.measuresComputation || !Number.isInteger(ms)
    ? msToUnixNano(ms)
    : `${ms}${String(Math.min(tick, MAX_TICK)).padStart(6, '0')}`;
}

function attributesJson(attributes: FlatAttributes | undefined): string {
  if (!attributes?.length) return '';
  let json = '';
  for (let i = 0; i < attributes.length; i += 2)
    json += `${i ? ',' : ''}${keyJson(attributes[i] as string)}${valueJson(attributes[i + 1] as AttributeValue)}}`;
  return `,"attributes":[${json}]`;
}

// Text that JSON writes as it is: most of it, and testing costs a fifth of stringifying.
const PLAIN = /^[ !#-[\]-~]*$/;

function textJson(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

// Keys are few and come again with every span; those an app makes up must not fill the isolate.
const keys = new Map<string, string>();
const MAX_KEYS = 500;

function keyJson(key: string): string {
  let json = keys.get(key);
  if (json === undefined) {
    json = `{"key":${JSON.stringify(key)},"value":`;
    if (keys.size < MAX_KEYS) keys.set(key, json);
  }
  return json;
}

function valueJson(value: AttributeValue): string {
  if (typeof value === 'string') return `{"stringValue":${textJson(value)}}`;
  // OTLP decoders take a number for a 64-bit integer; safe ones lose nothing.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return `{"intValue":${value}}`;
  return JSON.stringify(encodeValue(value) ?? {});
}

function linkJson({ context, attributes }: Link): string {
  const state = context.traceState?.serialize();
  return (
    `{"traceId":"${context.traceId}","spanId":"${context.spanId}"` +
    (state ? `,"traceState":${JSON.stringify(state)}` : '') +
    attributesJson(attributes && (Object.entries(attributes).flat() as FlatAttributes)) +
    `,"flags":${context.traceFlags | SPAN_FLAGS_HAS_IS_REMOTE | (context.isRemote ? SPAN_FLAGS_IS_REMOTE : 0)}}`
  );
}

function statusJson(code: number, message: string | undefined): string {
  return message ? `{"code":${code},"message":${JSON.stringify(message.slice(0, 2048))}}` : `{"code":${code}}`;
}
