import type { SpanId } from '../../../src/wire/ids.ts';
import type { OtlpKeyValue, OtlpSpan, OtlpSpanEvent, OtlpSpanLink } from '../../../src/wire/otlp.ts';
import type { ShapeReader, ShapeWriter } from './attribute-shapes.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readReference, writeReference } from './span-reference.ts';
import { readTime, type TimeBase, timeBase, writeTime } from './time.ts';
import { readAttributes, readWord, writeAttributes, writeWord } from './value.ts';

// The head of a span: its kind in three bits, then what follows. What nearly every span has stands in the first byte.
export const KIND_ELSEWHERE = 7;
export const HAS_FLAGS = 1 << 3;
export const HAS_ENVELOPE = 1 << 4;
export const HAS_STATUS = 1 << 5;
export const HAS_EVENTS = 1 << 6;
export const HAS_TRACE_STATE = 1 << 7;
export const HAS_LINKS = 1 << 8;
export const HAS_DROPPED = 1 << 9;

/** What a record without attributes has. */
export const NO_ATTRIBUTES: readonly OtlpKeyValue[] = [];

/** Places of a record's resource and scope in its chunk. */
export interface EnvelopePlace {
  resource: number;
  scope: number;
}

/** What the records of a chunk are written against. */
export interface WriteContext {
  body: ByteWriter;
  ids: ByteWriter;
  base: TimeBase;
  ordinals: ReadonlyMap<SpanId, number>;
  shapes: ShapeWriter;
}

export interface ReadContext {
  body: ByteReader;
  ids: ByteReader;
  base: TimeBase;
  spanIds: readonly SpanId[];
  shapes: ShapeReader;
}

/** Everything of a span but its own ids; `envelope` when it differs from the record before. */
export function writeSpan(context: WriteContext, span: OtlpSpan, envelope: EnvelopePlace | undefined): void {
  const { body, ids, base, ordinals, shapes } = context;
  const kind = span.kind ?? 0;
  const dropped = span.droppedAttributesCount || span.droppedEventsCount || span.droppedLinksCount;
  const head =
    Math.min(kind, KIND_ELSEWHERE) |
    (span.flags ? HAS_FLAGS : 0) |
    (envelope ? HAS_ENVELOPE : 0) |
    (span.status?.code || span.status?.message ? HAS_STATUS : 0) |
    (span.events?.length ? HAS_EVENTS : 0) |
    (span.traceState ? HAS_TRACE_STATE : 0) |
    (span.links?.length ? HAS_LINKS : 0) |
    (dropped ? HAS_DROPPED : 0);
  body.varint(head);
  if (kind >= KIND_ELSEWHERE) body.varint(kind);
  if (envelope) writeEnvelopePlace(body, envelope);
  writeWord(body, span.name);
  writeReference(body, ids, ordinals, span.parentSpanId);
  writeTime(body, base, span.startTimeUnixNano);
  const start = timeBase(span.startTimeUnixNano);
  writeTime(body, start, span.endTimeUnixNano);
  if (span.flags) body.varint(span.flags);
  shapes.write(body, span.attributes ?? NO_ATTRIBUTES);
  if (head & HAS_STATUS) {
    body.varint(span.status?.code ?? 0);
    writeWord(body, span.status?.message ?? '');
  }
  if (span.traceState) writeWord(body, span.traceState);
  if (span.events?.length) {
    body.varint(span.events.length);
    for (const event of span.events) writeEvent(body, start, event);
  }
  if (span.links?.length) {
    body.varint(span.links.length);
    for (const link of span.links) writeLink(body, ids, link);
  }
  if (dropped) {
    body.varint(span.droppedAttributesCount ?? 0);
    body.varint(span.droppedEventsCount ?? 0);
    body.varint(span.droppedLinksCount ?? 0);
  }
}

/** Reads a span into `into`, which holds its ids; answers its envelope when that was written. */
export function readSpan(context: ReadContext, into: Pick<OtlpSpan, 'traceId' | 'spanId'>): SpanAndEnvelope {
  const { body, ids, base, spanIds, shapes } = context;
  const head = body.varint();
  const kind = (head & 7) === KIND_ELSEWHERE ? body.varint() : head & 7;
  const envelope = head & HAS_ENVELOPE ? readEnvelopePlace(body) : undefined;
  const name = readWord(body);
  const parentSpanId = readReference(body, ids, spanIds);
  const startTimeUnixNano = readTime(body, base);
  const start = timeBase(startTimeUnixNano);
  const span: OtlpSpan = { ...into, name, kind, startTimeUnixNano, endTimeUnixNano: readTime(body, start) };
  if (parentSpanId !== undefined) span.parentSpanId = parentSpanId;
  if (head & HAS_FLAGS) span.flags = body.varint();
  const attributes = shapes.read(body);
  if (attributes.length > 0) span.attributes = attributes;
  if (head & HAS_STATUS) span.status = readStatus(body);
  if (head & HAS_TRACE_STATE) span.traceState = readWord(body);
  if (head & HAS_EVENTS) span.events = readList(body, () => readEvent(body, start));
  if (head & HAS_LINKS) span.links = readList(body, () => readLink(body, ids));
  if (head & HAS_DROPPED) {
    setCount(span, 'droppedAttributesCount', body.varint());
    setCount(span, 'droppedEventsCount', body.varint());
    setCount(span, 'droppedLinksCount', body.varint());
  }
  return { span, envelope };
}

export interface SpanAndEnvelope {
  span: OtlpSpan;
  envelope: EnvelopePlace | undefined;
}

export function writeEnvelopePlace(body: ByteWriter, place: EnvelopePlace): void {
  body.varint(place.resource);
  body.varint(place.scope);
}

export function readEnvelopePlace(body: ByteReader): EnvelopePlace {
  return { resource: body.varint(), scope: body.varint() };
}

function readStatus(body: ByteReader): { code?: number; message?: string } {
  const status: { code?: number; message?: string } = {};
  const code = body.varint();
  if (code > 0) status.code = code;
  const message = readWord(body);
  if (message !== '') status.message = message;
  return status;
}

export function writeEvent(body: ByteWriter, start: TimeBase, event: OtlpSpanEvent): void {
  writeTime(body, start, event.timeUnixNano);
  writeWord(body, event.name);
  writeAttributes(body, event.attributes);
  body.varint(event.droppedAttributesCount ?? 0);
}

function readEvent(body: ByteReader, start: TimeBase): OtlpSpanEvent {
  const event: OtlpSpanEvent = { timeUnixNano: readTime(body, start), name: readWord(body) };
  const attributes = readAttributes(body);
  if (attributes.length > 0) event.attributes = attributes;
  setCount(event, 'droppedAttributesCount', body.varint());
  return event;
}

export function writeLink(body: ByteWriter, ids: ByteWriter, link: OtlpSpanLink): void {
  ids.hex(link.traceId);
  ids.hex(link.spanId);
  writeWord(body, link.traceState ?? '');
  writeAttributes(body, link.attributes);
  body.varint(link.droppedAttributesCount ?? 0);
  body.varint(link.flags ?? 0);
}

function readLink(body: ByteReader, ids: ByteReader): OtlpSpanLink {
  const link: OtlpSpanLink = { traceId: ids.hex(16), spanId: ids.hex(8) };
  const traceState = readWord(body);
  if (traceState !== '') link.traceState = traceState;
  const attributes = readAttributes(body);
  if (attributes.length > 0) link.attributes = attributes;
  setCount(link, 'droppedAttributesCount', body.varint());
  const flags = body.varint();
  if (flags > 0) link.flags = flags;
  return link;
}

function readList<T>(body: ByteReader, read: () => T): T[] {
  const count = body.varint();
  const items: T[] = [];
  for (let i = 0; i < count; i += 1) items.push(read());
  return items;
}

function setCount<K extends string>(target: { [key in K]?: number }, key: K, count: number): void {
  if (count > 0) target[key] = count;
}
