import type { OtlpAnyValue, OtlpKeyValue } from '../../../src/wire/otlp.ts';
import { type ByteReader, DamagedDataError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { KNOWN_WORDS, knownWordPlace, LONGEST_KNOWN_VALUE } from './known-words.ts';

// The low two bits of a value's first varint say what the rest of it is.
const TEXT = 0;
const KNOWN = 1;
const INTEGER = 2;
const OTHER = 3;

const EMPTY = 0;
const FALSE = 1;
const TRUE = 2;
const BIG_INTEGER = 3;
const DOUBLE = 4;
const THOUSANDTHS = 5;
const NULL_DOUBLE = 6;
const ARRAY = 7;
const MAP = 8;
const BYTES = 9;
const ODD_BASE64 = 10;
const SAME = 11;
/** Stands for the value a reader knows from before. */
export const SAME_VALUE = SAME * 4 + OTHER;

/** A text as its place among the known words, or as itself. */
export function writeWord(out: ByteWriter, text: string): void {
  const place = knownWordPlace(text);
  if (place === undefined) out.text(text, 2, 0);
  else out.varint(place * 2 + 1);
}

export function readWord(reader: ByteReader): string {
  const head = reader.varint();
  return head % 2 === 0 ? reader.text(head / 2) : knownWord((head - 1) / 2);
}

function knownWord(place: number): string {
  const word = KNOWN_WORDS[place];
  if (word === undefined) throw new DamagedDataError('A record names a word this version does not know.');
  return word;
}

/** Count, then key and value of each attribute. */
export function writeAttributes(out: ByteWriter, attributes: readonly OtlpKeyValue[] | undefined): void {
  if (!attributes) {
    out.varint(0);
    return;
  }
  out.varint(attributes.length);
  for (const { key, value } of attributes) {
    writeWord(out, key);
    writeValue(out, value);
  }
}

export function readAttributes(reader: ByteReader): OtlpKeyValue[] {
  const count = reader.varint();
  const attributes: OtlpKeyValue[] = [];
  for (let i = 0; i < count; i += 1) {
    const key = readWord(reader);
    attributes.push({ key, value: readValue(reader) });
  }
  return attributes;
}

export function writeValue(out: ByteWriter, value: OtlpAnyValue | undefined): void {
  if (!value) writeTag(out, EMPTY);
  else if (value.stringValue !== undefined) writeText(out, value.stringValue);
  else if (value.intValue !== undefined) writeInteger(out, value.intValue);
  else if (value.doubleValue !== undefined) writeDouble(out, value.doubleValue);
  else if (value.boolValue !== undefined) writeTag(out, value.boolValue ? TRUE : FALSE);
  else if (value.arrayValue) {
    writeTag(out, ARRAY);
    const values = value.arrayValue.values ?? [];
    out.varint(values.length);
    for (const item of values) writeValue(out, item);
  } else if (value.kvlistValue) {
    writeTag(out, MAP);
    writeAttributes(out, value.kvlistValue.values);
  } else if (value.bytesValue !== undefined) writeBytes(out, value.bytesValue);
  else writeTag(out, EMPTY);
}

function writeTag(out: ByteWriter, tag: number): void {
  out.byte(tag * 4 + OTHER);
}

export function writeText(out: ByteWriter, text: string): void {
  const place = text.length <= LONGEST_KNOWN_VALUE ? knownWordPlace(text) : undefined;
  if (place === undefined) out.text(text, 4, TEXT);
  else out.varint(place * 4 + KNOWN);
}

// Zigzag times four must stay a safe integer.
const LARGEST_INLINE = 2 ** 50;

export function writeInteger(out: ByteWriter, value: string | number): void {
  const number = typeof value === 'number' ? value : Number(value);
  if (Number.isInteger(number) && Math.abs(number) < LARGEST_INLINE) {
    out.varint((number < 0 ? -number * 2 - 1 : number * 2) * 4 + INTEGER);
  } else {
    writeTag(out, BIG_INTEGER);
    out.text(typeof value === 'number' ? BigInt(Math.trunc(value)).toString() : value);
  }
}

// Durations and scores come with few decimals: an integer of thousandths is shorter and compresses, a double does not.
export function writeDouble(out: ByteWriter, value: number | string | null): void {
  if (value === null) {
    writeTag(out, NULL_DOUBLE);
    return;
  }
  const number = typeof value === 'number' ? value : Number(value);
  const thousandths = Math.round(number * 1000);
  if (thousandths >= 0 && thousandths < LARGEST_INLINE && thousandths / 1000 === number && !Object.is(number, -0)) {
    writeTag(out, THOUSANDTHS);
    out.varint(thousandths);
  } else {
    writeTag(out, DOUBLE);
    out.double(number);
  }
}

function writeBytes(out: ByteWriter, base64: string): void {
  const bytes = Buffer.from(base64, 'base64');
  const plain = bytes.toString('base64') === base64;
  writeTag(out, plain ? BYTES : ODD_BASE64);
  if (plain) {
    out.varint(bytes.length);
    out.raw(bytes);
  } else out.text(base64);
}

/** @param before what `SAME_VALUE` stands for */
export function readValue(reader: ByteReader, before?: OtlpAnyValue): OtlpAnyValue {
  const head = reader.varint();
  if (head === SAME_VALUE && before) return before;
  const rest = Math.floor(head / 4);
  switch (head % 4) {
    case TEXT:
      return { stringValue: reader.text(rest) };
    case KNOWN:
      return { stringValue: knownWord(rest) };
    case INTEGER:
      return { intValue: String(rest % 2 === 0 ? rest / 2 : -(rest + 1) / 2) };
    default:
      return readOther(reader, rest);
  }
}

function readOther(reader: ByteReader, tag: number): OtlpAnyValue {
  switch (tag) {
    case EMPTY:
      return {};
    case FALSE:
      return { boolValue: false };
    case TRUE:
      return { boolValue: true };
    case BIG_INTEGER:
      return { intValue: reader.text(reader.varint()) };
    case DOUBLE:
      return { doubleValue: plainDouble(reader.double()) };
    case THOUSANDTHS:
      return { doubleValue: reader.varint() / 1000 };
    case NULL_DOUBLE:
      return { doubleValue: null };
    case ARRAY: {
      const count = reader.varint();
      const values: OtlpAnyValue[] = [];
      for (let i = 0; i < count; i += 1) values.push(readValue(reader));
      return { arrayValue: { values } };
    }
    case MAP:
      return { kvlistValue: { values: readAttributes(reader) } };
    case BYTES:
      return { bytesValue: reader.raw(reader.varint()).toString('base64') };
    case ODD_BASE64:
      return { bytesValue: reader.text(reader.varint()) };
    default:
      throw new DamagedDataError('A record holds a value of a kind this version does not know.');
  }
}

// JSON has no NaN and no infinity; OTLP/JSON writes them as strings.
function plainDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
