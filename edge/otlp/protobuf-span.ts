import type { RejectReason } from '../../src/wire/loss.ts';
import type { OtlpKeyValue, OtlpSpan, OtlpSpanEvent, OtlpSpanLink } from '../../src/wire/otlp.ts';
import { setStatus } from './json-span.ts';
import { type ProtobufReader, WIRE } from './protobuf-reader.ts';
import { readKeyValue } from './protobuf-value.ts';
import { compareUnixNano } from './unix-nano.ts';

/** A `Span` message between the cursor and `end`, in canonical form, or why it cannot be one. */
export function readSpan(reader: ProtobufReader, end: number): OtlpSpan | RejectReason {
  let traceId: string | undefined = '';
  let spanId: string | undefined = '';
  let parentSpanId: string | undefined = '';
  const span: OtlpSpan = {
    traceId: '',
    spanId: '',
    name: '',
    kind: 0,
    startTimeUnixNano: '0',
    endTimeUnixNano: '0',
  };
  let attributes: OtlpKeyValue[] | undefined;
  while (reader.position < end) {
    const tag = reader.varint(end);
    switch (tag) {
      case (1 << 3) | WIRE.bytes:
        traceId = reader.id(end, 16);
        break;
      case (2 << 3) | WIRE.bytes:
        spanId = reader.id(end, 8);
        break;
      case (3 << 3) | WIRE.bytes: {
        const traceState = reader.text(end);
        if (traceState) span.traceState = traceState;
        break;
      }
      case (4 << 3) | WIRE.bytes:
        parentSpanId = reader.id(end, 8);
        break;
      case (5 << 3) | WIRE.bytes:
        span.name = reader.text(end);
        break;
      case (6 << 3) | WIRE.varint: {
        const kind = reader.varint(end);
        span.kind = kind > 5 ? 0 : kind;
        break;
      }
      case (7 << 3) | WIRE.fixed64:
        span.startTimeUnixNano = reader.unixNano(end);
        break;
      case (8 << 3) | WIRE.fixed64:
        span.endTimeUnixNano = reader.unixNano(end);
        break;
      case (9 << 3) | WIRE.bytes: {
        const attribute = readKeyValue(reader, end);
        if (attributes) attributes.push(attribute);
        else attributes = [attribute];
        break;
      }
      default:
        readRareField(reader, end, tag, span);
    }
  }
  if (!traceId || !spanId || parentSpanId === undefined) return 'invalid_id';
  if (span.startTimeUnixNano === '0') return 'invalid_time';
  if (compareUnixNano(span.endTimeUnixNano, span.startTimeUnixNano) < 0) return 'invalid_time';
  span.traceId = traceId;
  span.spanId = spanId;
  if (parentSpanId) span.parentSpanId = parentSpanId;
  if (attributes) span.attributes = attributes;
  return span;
}

function readRareField(reader: ProtobufReader, end: number, tag: number, span: OtlpSpan): void {
  switch (tag) {
    case (10 << 3) | WIRE.varint:
      setCount(span, 'droppedAttributesCount', reader.varint(end));
      break;
    case (11 << 3) | WIRE.bytes: {
      const event = readEvent(reader, end);
      if (span.events) span.events.push(event);
      else span.events = [event];
      break;
    }
    case (12 << 3) | WIRE.varint:
      setCount(span, 'droppedEventsCount', reader.varint(end));
      break;
    case (13 << 3) | WIRE.bytes: {
      const link = readLink(reader, end);
      if (!link) setCount(span, 'droppedLinksCount', (span.droppedLinksCount ?? 0) + 1);
      else if (span.links) span.links.push(link);
      else span.links = [link];
      break;
    }
    case (14 << 3) | WIRE.varint:
      setCount(span, 'droppedLinksCount', (span.droppedLinksCount ?? 0) + reader.varint(end));
      break;
    case (15 << 3) | WIRE.bytes:
      readStatus(reader, end, span);
      break;
    case (16 << 3) | WIRE.fixed32: {
      const flags = reader.fixed32(end);
      if (flags) span.flags = flags;
      break;
    }
    default:
      reader.skip(tag & 7, end);
  }
}

function setCount(
  span: OtlpSpan,
  field: 'droppedAttributesCount' | 'droppedEventsCount' | 'droppedLinksCount',
  count: number,
): void {
  if (count) span[field] = Math.min(count, 0xffff_ffff);
}

export function readEvent(reader: ProtobufReader, end: number): OtlpSpanEvent {
  const stop = reader.lengthEnd(end);
  const event: OtlpSpanEvent = { timeUnixNano: '0', name: '' };
  const attributes: OtlpKeyValue[] = [];
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.fixed64)) event.timeUnixNano = reader.unixNano(stop);
    else if (tag === ((2 << 3) | WIRE.bytes)) event.name = reader.text(stop);
    else if (tag === ((3 << 3) | WIRE.bytes)) attributes.push(readKeyValue(reader, stop));
    else if (tag === ((4 << 3) | WIRE.varint)) {
      const dropped = reader.varint(stop);
      if (dropped) event.droppedAttributesCount = dropped;
    } else reader.skip(tag & 7, stop);
  }
  if (attributes.length > 0) event.attributes = attributes;
  return event;
}

/** `undefined` for a link to nowhere: it goes, counted, and the span stays. */
export function readLink(reader: ProtobufReader, end: number): OtlpSpanLink | undefined {
  const stop = reader.lengthEnd(end);
  const link: OtlpSpanLink = { traceId: '', spanId: '' };
  const attributes: OtlpKeyValue[] = [];
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.bytes)) link.traceId = reader.id(stop, 16) ?? '';
    else if (tag === ((2 << 3) | WIRE.bytes)) link.spanId = reader.id(stop, 8) ?? '';
    else if (tag === ((3 << 3) | WIRE.bytes)) {
      const traceState = reader.text(stop);
      if (traceState) link.traceState = traceState;
    } else if (tag === ((4 << 3) | WIRE.bytes)) attributes.push(readKeyValue(reader, stop));
    else if (tag === ((5 << 3) | WIRE.varint)) {
      const dropped = reader.varint(stop);
      if (dropped) link.droppedAttributesCount = dropped;
    } else if (tag === ((6 << 3) | WIRE.fixed32)) {
      const flags = reader.fixed32(stop);
      if (flags) link.flags = flags;
    } else reader.skip(tag & 7, stop);
  }
  if (attributes.length > 0) link.attributes = attributes;
  return link.traceId && link.spanId ? link : undefined;
}

export function readStatus(reader: ProtobufReader, end: number, span: OtlpSpan): void {
  const stop = reader.lengthEnd(end);
  let code = 0;
  let message = '';
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((2 << 3) | WIRE.bytes)) message = reader.text(stop);
    else if (tag === ((3 << 3) | WIRE.varint)) code = reader.varint(stop);
    else reader.skip(tag & 7, stop);
  }
  setStatus(span, code, message);
}
