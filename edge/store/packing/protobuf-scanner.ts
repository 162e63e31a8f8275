import type { OtlpSpan } from '../../../src/wire/otlp.ts';
import { type ProtobufReader, WIRE } from '../../otlp/protobuf-reader.ts';
import { readEvent, readLink, readStatus } from '../../otlp/protobuf-span.ts';
import { readAnyValue } from '../../otlp/protobuf-value.ts';
import type { KeyWord } from './key-word.ts';
import { type ScannedRecord, VALUE } from './scanned-record.ts';
import { UNUSUAL } from './unusual.ts';
import { isAt, type WordTable } from './word-table.ts';

const MAX_KIND = 5;
const MAX_SEVERITY = 24;
/** Integers of so many bytes are safe and not negative. */
const MAX_INTEGER_BYTES = 7;

/** Reads spans and log records of OTLP/protobuf into a `ScannedRecord`. */
export class ProtobufScanner {
  readonly #keys: WordTable<KeyWord>;
  readonly #record: ScannedRecord;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(record: ScannedRecord, keys: WordTable<KeyWord>) {
    this.#record = record;
    this.#keys = keys;
  }

  reset(buffer: Buffer): void {
    this.#buffer = buffer;
  }

  /** A `Span` between the reader's position and `end`. */
  span(reader: ProtobufReader, end: number): void {
    const record = this.#record;
    record.reset();
    while (reader.position < end) {
      const tag = reader.varint(end);
      switch (tag) {
        case (1 << 3) | WIRE.bytes:
          this.#traceId(reader, end);
          break;
        case (2 << 3) | WIRE.bytes:
          this.#id(reader, end, 8);
          record.span0 = this.#word(reader.position - 8);
          record.span1 = this.#word(reader.position - 4);
          break;
        case (4 << 3) | WIRE.bytes:
          if (reader.lengthEnd(end) === reader.position) break;
          reader.position -= 1;
          this.#id(reader, end, 8);
          record.parent0 = this.#word(reader.position - 8);
          record.parent1 = this.#word(reader.position - 4);
          break;
        case (5 << 3) | WIRE.bytes:
          this.#name(reader, end);
          break;
        case (6 << 3) | WIRE.varint:
          record.kind = reader.varint(end);
          if (record.kind > MAX_KIND) record.kind = 0;
          break;
        case (7 << 3) | WIRE.fixed64:
          record.startSeconds = this.#time(reader, end);
          record.startNanos = this.#nanos;
          break;
        case (8 << 3) | WIRE.fixed64:
          record.endSeconds = this.#time(reader, end);
          record.endNanos = this.#nanos;
          break;
        case (9 << 3) | WIRE.bytes:
          this.#attribute(reader, end);
          break;
        case (16 << 3) | WIRE.fixed32:
          record.flags = reader.fixed32(end);
          break;
        default:
          this.#rare(reader, end, tag);
      }
    }
  }

  #rare(reader: ProtobufReader, end: number, tag: number): void {
    const record = this.#record;
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
  }

  /** A `LogRecord` between the reader's position and `end`. */
  log(reader: ProtobufReader, end: number): void {
    const record = this.#record;
    record.reset();
    while (reader.position < end) {
      const tag = reader.varint(end);
      switch (tag) {
        case (1 << 3) | WIRE.fixed64:
          record.startSeconds = this.#time(reader, end);
          record.startNanos = this.#nanos;
          break;
        case (2 << 3) | WIRE.varint:
          record.severityNumber = reader.varint(end);
          if (record.severityNumber > MAX_SEVERITY) record.severityNumber = 0;
          break;
        case (3 << 3) | WIRE.bytes:
          record.severityText = reader.text(end);
          break;
        case (5 << 3) | WIRE.bytes:
          record.body = readAnyValue(reader, end, 0);
          break;
        case (6 << 3) | WIRE.bytes:
          this.#attribute(reader, end);
          break;
        case (7 << 3) | WIRE.varint:
          record.dropped = reader.varint(end);
          break;
        case (8 << 3) | WIRE.fixed32:
          record.flags = reader.fixed32(end);
          break;
        case (9 << 3) | WIRE.bytes:
          this.#traceId(reader, end);
          break;
        case (10 << 3) | WIRE.bytes:
          if (reader.lengthEnd(end) === reader.position) break;
          reader.position -= 1;
          this.#id(reader, end, 8);
          record.span0 = this.#word(reader.position - 8);
          record.span1 = this.#word(reader.position - 4);
          break;
        case (11 << 3) | WIRE.fixed64:
          record.endSeconds = this.#time(reader, end);
          record.endNanos = this.#nanos;
          break;
        case (12 << 3) | WIRE.bytes:
          this.#name(reader, end);
          break;
        default:
          throw UNUSUAL;
      }
    }
  }

  #traceId(reader: ProtobufReader, end: number): void {
    const record = this.#record;
    this.#id(reader, end, 16);
    const at = reader.position;
    record.trace0 = this.#word(at - 16);
    record.trace1 = this.#word(at - 12);
    record.trace2 = this.#word(at - 8);
    record.trace3 = this.#word(at - 4);
  }

  #id(reader: ProtobufReader, end: number, byteCount: number): void {
    const stop = reader.lengthEnd(end);
    if (stop - reader.position !== byteCount) throw UNUSUAL;
    reader.position = stop;
  }

  #word(at: number): number {
    return this.#buffer.readInt32BE(at);
  }

  #name(reader: ProtobufReader, end: number): void {
    const stop = reader.lengthEnd(end);
    this.#record.nameStart = reader.position;
    this.#record.nameEnd = stop;
    reader.position = stop;
  }

  #nanos = 0;

  // Whole seconds; the rest is left in #nanos.
  #time(reader: ProtobufReader, end: number): number {
    const low = reader.fixed32(end);
    const high = reader.fixed32(end);
    // 2^32 = 4294 * 1e6 + 967296, so both partial sums stay below 2^53.
    const rest = high * 967_296 + low;
    const carry = Math.floor(rest / 1e6);
    const millis = high * 4294 + carry;
    const seconds = Math.floor(millis / 1000);
    this.#nanos = (millis - seconds * 1000) * 1e6 + (rest - carry * 1e6);
    return seconds;
  }

  // Key, then a value of a simple kind, as every encoder writes them; anything else is read the general way.
  #attribute(reader: ProtobufReader, end: number): void {
    const stop = reader.lengthEnd(end);
    if (reader.varint(stop) !== ((1 << 3) | WIRE.bytes)) throw UNUSUAL;
    const keyEnd = reader.lengthEnd(stop);
    const key = this.#key(reader.position, keyEnd);
    reader.position = keyEnd;
    if (key === undefined || reader.varint(stop) !== ((2 << 3) | WIRE.bytes)) throw UNUSUAL;
    const start = reader.position;
    const valueEnd = reader.lengthEnd(stop);
    if (valueEnd !== stop) throw UNUSUAL;
    if (!this.#simpleValue(reader, stop, key)) {
      reader.position = start;
      this.#record.addAny(key, readAnyValue(reader, stop, 0));
    }
  }

  // Most often it is the one that stood at the same place of the record before.
  #key(start: number, end: number): KeyWord | undefined {
    const expected = this.#record.keys[this.#record.attributes];
    if (expected && expected.bytes.length === end - start && isAt(this.#buffer, start, expected.bytes)) return expected;
    return this.#keys.find(this.#buffer, start, end);
  }

  #simpleValue(reader: ProtobufReader, stop: number, key: KeyWord): boolean {
    const record = this.#record;
    if (reader.position === stop) return false;
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.bytes)) {
      if (reader.lengthEnd(stop) !== stop) return false;
      record.addText(key, reader.position, stop);
    } else if (tag === ((3 << 3) | WIRE.varint)) {
      const value = this.#integer(reader, stop);
      if (value === undefined) return false;
      record.addNumber(key, VALUE.integer, value);
    } else if (tag === ((4 << 3) | WIRE.fixed64)) {
      if (stop - reader.position !== 8) return false;
      record.addNumber(key, VALUE.double, reader.double(stop));
    } else if (tag === ((2 << 3) | WIRE.varint)) {
      const value = reader.varint(stop) !== 0;
      if (reader.position !== stop) return false;
      record.addBoolean(key, value);
    } else return false;
    reader.position = stop;
    return true;
  }

  #integer(reader: ProtobufReader, stop: number): number | undefined {
    const { position: start } = reader;
    if (stop - start > MAX_INTEGER_BYTES) return undefined;
    let value = 0;
    for (let at = stop - 1; at >= start; at -= 1) {
      const byte = this.#buffer[at] as number;
      // All but the last byte say that more follows.
      if (byte >= 0x80 === (at === stop - 1)) return undefined;
      value = value * 128 + (byte & 0x7f);
    }
    return value;
  }
}
