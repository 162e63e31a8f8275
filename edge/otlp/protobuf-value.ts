import type { OtlpAnyValue, OtlpKeyValue } from '../../src/wire/otlp.ts';
import { encodeBase64 } from './base64.ts';
import { MalformedBodyError } from './decoded-request.ts';
import { canonicalDouble, MAX_VALUE_DEPTH } from './json-value.ts';
import { type ProtobufReader, WIRE } from './protobuf-reader.ts';

/**
 * A `KeyValue` message that starts at the cursor.
 * Recursion is bounded by MAX_VALUE_DEPTH, whatever the input.
 */
export function readKeyValue(reader: ProtobufReader, end: number, depth = 0): OtlpKeyValue {
  const stop = reader.lengthEnd(end);
  let key = '';
  let value: OtlpAnyValue | undefined;
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.bytes)) key = reader.text(stop);
    else if (tag === ((2 << 3) | WIRE.bytes)) value = readAnyValue(reader, stop, depth);
    else reader.skip(tag & 7, stop);
  }
  return { key, value: value ?? {} };
}

/** An `AnyValue` message that starts at the cursor; of several fields of the union the last counts. */
export function readAnyValue(reader: ProtobufReader, end: number, depth: number): OtlpAnyValue {
  const stop = reader.lengthEnd(end);
  let value: OtlpAnyValue = {};
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    switch (tag) {
      case (1 << 3) | WIRE.bytes:
        value = { stringValue: reader.text(stop) };
        break;
      case (2 << 3) | WIRE.varint:
        value = { boolValue: reader.varint(stop) !== 0 };
        break;
      case (3 << 3) | WIRE.varint:
        value = { intValue: reader.int64(stop) };
        break;
      case (4 << 3) | WIRE.fixed64:
        value = { doubleValue: canonicalDouble(reader.double(stop)) };
        break;
      case (5 << 3) | WIRE.bytes:
        value = { arrayValue: { values: readArray(reader, stop, deeper(depth)) } };
        break;
      case (6 << 3) | WIRE.bytes:
        value = { kvlistValue: { values: readKeyValues(reader, stop, deeper(depth)) } };
        break;
      case (7 << 3) | WIRE.bytes:
        value = { bytesValue: encodeBase64(reader.blob(stop)) };
        break;
      default:
        reader.skip(tag & 7, stop);
    }
  }
  return value;
}

function deeper(depth: number): number {
  if (depth < MAX_VALUE_DEPTH) return depth + 1;
  throw new MalformedBodyError(`An attribute nests more than ${MAX_VALUE_DEPTH} arrays and maps.`);
}

function readArray(reader: ProtobufReader, end: number, depth: number): OtlpAnyValue[] {
  const stop = reader.lengthEnd(end);
  const values: OtlpAnyValue[] = [];
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.bytes)) values.push(readAnyValue(reader, stop, depth));
    else reader.skip(tag & 7, stop);
  }
  return values;
}

function readKeyValues(reader: ProtobufReader, end: number, depth: number): OtlpKeyValue[] {
  const stop = reader.lengthEnd(end);
  const values: OtlpKeyValue[] = [];
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.bytes)) values.push(readKeyValue(reader, stop, depth));
    else reader.skip(tag & 7, stop);
  }
  return values;
}
