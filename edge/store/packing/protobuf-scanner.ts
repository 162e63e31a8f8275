import type { OtlpSpan } from '../../../src/wire/otlp.ts';
import { WIRE } from '../../otlp/protobuf-reader.ts';
import { readEvent, readLink, readStatus } from '../../otlp/protobuf-span.ts';
import { readAnyValue } from '../../otlp/protobuf-value.ts';
import type { KeyWord } from './key-word.ts';
import type { ProtobufCursor } from './protobuf-cursor.ts';
import { type ScannedRecord, VALUE } from './scanned-record.ts';
import { UNUSUAL } from './unusual.ts';

const MAX_KIND = 5;
const MAX_SEVERITY = 24;
/** Integers of so many bytes are safe and not negative. */
const MAX_INTEGER_BYTES = 7;
const FLAGS_TAG = (16 << 3) | WIRE.fixed32;

/**
 * Reads spans and log records of OTLP/protobuf into a `ScannedRecord`. Positions are plain numbers handed on, and nothing
 * is made for a field that most records have.
 */
export class ProtobufScanner {
  readonly #record: ScannedRecord;
  readonly #cursor: ProtobufCursor;

  constructor(record: ScannedRecord, cursor: ProtobufCursor) {
    this.#record = record;
    this.#cursor = cursor;
  }

  /** A `Span` between two places of the body. */
  span(start: number, end: number): void {
    const record = this.#record;
    const { bytes, view } = record;
    record.reset();
    let at = start;
    while (at < end) {
      const tag = bytes[at++] as number;
      switch (tag) {
        case (1 << 3) | WIRE.bytes:
          at = this.#traceId(at, end);
          break;
        case (2 << 3) | WIRE.bytes:
          at = this.#spanId(at, end);
          break;
        case (4 << 3) | WIRE.bytes:
          if (at < end && bytes[at] === 0) {
            at += 1;
            break;
          }
          if (end - at < 9 || bytes[at] !== 8) throw UNUSUAL;
          record.parent0 = view.getInt32(at + 1);
          record.parent1 = view.getInt32(at + 5);
          at += 9;
          break;
        case (5 << 3) | WIRE.bytes:
          at = this.#name(at, end);
          break;
        case (6 << 3) | WIRE.varint:
          record.kind = this.#cursor.varint(at, end);
          at = this.#cursor.position;
          if (record.kind > MAX_KIND) record.kind = 0;
          break;
        case (7 << 3) | WIRE.fixed64:
          record.startSeconds = this.#cursor.time(at, end);
          record.startNanos = this.#cursor.nanos;
          at += 8;
          break;
        case (8 << 3) | WIRE.fixed64:
          record.endSeconds = this.#cursor.time(at, end);
          record.endNanos = this.#cursor.nanos;
          at += 8;
          break;
        case (9 << 3) | WIRE.bytes:
          at = this.#attribute(at, end);
          break;
        case (FLAGS_TAG & 0x7f) | 0x80:
          if (end - at < 5 || bytes[at] !== FLAGS_TAG >> 7) throw UNUSUAL;
          record.flags = view.getUint32(at + 1, true);
          at += 5;
          break;
        default:
          at = this.#rare(at, end, tag);
      }
    }
  }

  #rare(start: number, end: number, tag: number): number {
    const record = this.#record;
    const reader = this.#cursor.readerAt(start);
    switch (tag) {
      case (3 << 3) | WIRE.bytes:
        record.traceState = reader.text(end);
        break;
      case (10 << 3) | WIRE.varint:
        record.dropped = reader.varint(end);
        break;
      case (11 << 3) | WIRE.bytes: {
        const event = readEvent(reader, end);
        if (record.events) record.events.push(event);
        else record.events = [event];
        break;
      }
      case (12 << 3) | WIRE.varint:
        record.droppedEvents = reader.varint(end);
        break;
      case (13 << 3) | WIRE.bytes: {
        const link = readLink(reader, end);
        if (!link) record.droppedLinks += 1;
        else if (record.links) record.links.push(link);
        else record.links = [link];
        break;
      }
      case (14 << 3) | WIRE.varint:
        record.droppedLinks += reader.varint(end);
        break;
      case (15 << 3) | WIRE.bytes: {
        const span: OtlpSpan = { traceId: '', spanId: '', name: '', startTimeUnixNano: '', endTimeUnixNano: '' };
        readStatus(reader, end, span);
        record.statusCode = span.status?.code ?? 0;
        record.statusMessage = span.status?.message ?? '';
        break;
      }
      default:
        // Fields this version of OTLP does not know, and known ones of another wire type.
        throw UNUSUAL;
    }
    return reader.position;
  }

  /** A `LogRecord` between two places of the body. */
  log(start: number, end: number): void {
    const record = this.#record;
    const { bytes, view } = record;
    record.reset();
    let at = start;
    while (at < end) {
      const tag = bytes[at++] as number;
      switch (tag) {
        case (1 << 3) | WIRE.fixed64:
          record.startSeconds = this.#cursor.time(at, end);
          record.startNanos = this.#cursor.nanos;
          at += 8;
          break;
        case (2 << 3) | WIRE.varint:
          record.severityNumber = this.#cursor.varint(at, end);
          at = this.#cursor.position;
          if (record.severityNumber > MAX_SEVERITY) record.severityNumber = 0;
          break;
        case (3 << 3) | WIRE.bytes:
          record.severityText = this.#cursor.readerAt(at).text(end);
          at = this.#cursor.readerPosition;
          break;
        case (5 << 3) | WIRE.bytes:
          record.body = readAnyValue(this.#cursor.readerAt(at), end, 0);
          at = this.#cursor.readerPosition;
          break;
        case (6 << 3) | WIRE.bytes:
          at = this.#attribute(at, end);
          break;
        case (7 << 3) | WIRE.varint:
          record.dropped = this.#cursor.varint(at, end);
          at = this.#cursor.position;
          break;
        case (8 << 3) | WIRE.fixed32:
          if (end - at < 4) throw UNUSUAL;
          record.flags = view.getUint32(at, true);
          at += 4;
          break;
        case (9 << 3) | WIRE.bytes:
          at = this.#traceId(at, end);
          break;
        case (10 << 3) | WIRE.bytes:
          if (at < end && bytes[at] === 0) at += 1;
          else at = this.#spanId(at, end);
          break;
        case (11 << 3) | WIRE.fixed64:
          record.endSeconds = this.#cursor.time(at, end);
          record.endNanos = this.#cursor.nanos;
          at += 8;
          break;
        case (12 << 3) | WIRE.bytes:
          at = this.#name(at, end);
          break;
        default:
          throw UNUSUAL;
      }
    }
  }

  #traceId(at: number, end: number): number {
    const record = this.#record;
    const { bytes, view } = record;
    if (end - at < 17 || bytes[at] !== 16) throw UNUSUAL;
    record.trace0 = view.getInt32(at + 1);
    record.trace1 = view.getInt32(at + 5);
    record.trace2 = view.getInt32(at + 9);
    record.trace3 = view.getInt32(at + 13);
    return at + 17;
  }

  #spanId(at: number, end: number): number {
    const record = this.#record;
    const { bytes, view } = record;
    if (end - at < 9 || bytes[at] !== 8) throw UNUSUAL;
    record.span0 = view.getInt32(at + 1);
    record.span1 = view.getInt32(at + 5);
    return at + 9;
  }

  #name(at: number, end: number): number {
    const record = this.#record;
    const stop = this.#cursor.lengthEnd(at, end);
    record.nameStart = this.#cursor.position;
    record.nameEnd = stop;
    return stop;
  }

  // Key, then a value of a simple kind, as every encoder writes them; anything else is read the general way.
  #attribute(start: number, end: number): number {
    const record = this.#record;
    const { bytes } = record;
    const stop = this.#cursor.lengthEnd(start, end);
    let at = this.#cursor.position;
    if (stop - at < 2 || bytes[at] !== ((1 << 3) | WIRE.bytes)) throw UNUSUAL;
    const keyStart = at + 2;
    // A key of 128 bytes or more is not remembered, so its length is one byte.
    const keyEnd = keyStart + (bytes[at + 1] as number);
    if (keyEnd >= stop) throw UNUSUAL;
    const key = record.key(keyStart, keyEnd);
    if (bytes[keyEnd] !== ((2 << 3) | WIRE.bytes)) throw UNUSUAL;
    if (this.#cursor.lengthEnd(keyEnd + 1, stop) !== stop) throw UNUSUAL;
    at = this.#cursor.position;
    if (!this.#simpleValue(at, stop, key)) {
      const reader = this.#cursor.readerAt(keyEnd + 1);
      record.addAny(key, readAnyValue(reader, stop, 0));
    }
    return stop;
  }

  #simpleValue(at: number, stop: number, key: KeyWord): boolean {
    if (stop - at < 2) return false;
    const record = this.#record;
    switch (record.bytes[at]) {
      case (1 << 3) | WIRE.bytes:
        if (this.#cursor.lengthEnd(at + 1, stop) !== stop) return false;
        record.addText(key, this.#cursor.position, stop);
        return true;
      case (3 << 3) | WIRE.varint: {
        const value = this.#integer(at + 1, stop);
        if (value < 0) return false;
        record.addNumber(key, VALUE.integer, value);
        return true;
      }
      case (4 << 3) | WIRE.fixed64:
        if (stop - at !== 9) return false;
        record.addNumber(key, VALUE.double, record.view.getFloat64(at + 1, true));
        return true;
      case (2 << 3) | WIRE.varint: {
        const value = this.#cursor.varint(at + 1, stop) !== 0;
        if (this.#cursor.position !== stop) return false;
        record.addBoolean(key, value);
        return true;
      }
      default:
        return false;
    }
  }

  // Negative when it is not that simple.
  #integer(start: number, stop: number): number {
    if (stop - start > MAX_INTEGER_BYTES) return -1;
    const { bytes } = this.#record;
    let value = 0;
    for (let at = stop - 1; at >= start; at -= 1) {
      const byte = bytes[at] as number;
      // All but the last byte say that more follows.
      if (byte >= 0x80 === (at === stop - 1)) return -1;
      value = value * 128 + (byte & 0x7f);
    }
    return value;
  }
}
