import type { OtlpAnyValue, OtlpKeyValue } from '../../../src/wire/otlp.ts';
import { addAttributeHashes, pairHash } from '../attribute-hash.ts';
import type { ByteWriter } from '../encoding/byte-writer.ts';
import { SAME_VALUE, writeDouble, writeInteger, writeValue } from '../encoding/value.ts';
import { HashList } from './hash-list.ts';
import type { KeyWord } from './key-word.ts';
import { type ScannedRecord, VALUE } from './scanned-record.ts';
import type { TextFilter } from './text-filter.ts';
import { type TextPacker, writeKnownBytes } from './text-packer.ts';

/** As in attribute-shapes.ts: a list of keys that came before in this chunk, with where the last value of each stands. */
interface Shape {
  keys: KeyWord[];
  kinds: number[];
  starts: number[];
  ends: number[];
  numbers: number[];
}

const NEW_SHAPE = 0;
const MAX_SHAPES = 24;
const NOTHING_YET = -1;
// As value.ts writes them.
const FALSE = 1 * 4 + 3;
const TRUE = 2 * 4 + 3;

/** Writes the attributes of one chunk's records as `ShapeReader` reads them, and collects their hashes. */
export class AttributePacker {
  readonly #texts: TextPacker;
  readonly #filter: TextFilter;
  readonly #shapes: Shape[] = [];
  // The last text of each key a summary reads: the session is the same on every span.
  readonly #told = new Map<KeyWord, { start: number; end: number; attribute: OtlpKeyValue }>();
  /** Hashes of keys and of keys with values; any may come twice. */
  readonly hashes = new HashList();

  constructor(texts: TextPacker, filter: TextFilter) {
    this.#texts = texts;
    this.#filter = filter;
  }

  reset(): void {
    this.#shapes.length = 0;
    this.#told.clear();
    this.hashes.length = 0;
  }

  write(out: ByteWriter, record: ScannedRecord): void {
    const shape = this.#shapeOf(out, record);
    const { kinds, bytes } = record;
    for (let i = 0; i < record.attributes; i += 1) {
      const kind = kinds[i] as number;
      if (kind === VALUE.text) this.#writeText(out, shape, record, i, bytes);
      else if (kind === VALUE.integer) this.#writeInteger(out, shape, record, i);
      else this.#writeOther(out, shape, record, i, kind);
    }
  }

  #shapeOf(out: ByteWriter, record: ScannedRecord): Shape {
    const { attributes: count, keys } = record;
    const shapes = this.#shapes;
    for (let index = 0; index < shapes.length; index += 1) {
      const shape = shapes[index] as Shape;
      if (shape.keys.length !== count) continue;
      let i = 0;
      while (i < count && shape.keys[i] === keys[i]) i += 1;
      if (i < count) continue;
      out.varint(index + 1);
      return shape;
    }
    const shape: Shape = { keys: keys.slice(0, count), kinds: [], starts: [], ends: [], numbers: [] };
    if (shapes.length < MAX_SHAPES) shapes.push(shape);
    out.varint(NEW_SHAPE);
    out.varint(count);
    for (const key of shape.keys) {
      writeKnownBytes(out, key);
      this.hashes.push(key.hash);
      shape.kinds.push(NOTHING_YET);
      shape.starts.push(0);
      shape.ends.push(0);
      shape.numbers.push(0);
    }
    return shape;
  }

  #writeText(out: ByteWriter, shape: Shape, record: ScannedRecord, i: number, bytes: Buffer): void {
    const start = record.starts[i] as number;
    const end = record.ends[i] as number;
    if (
      shape.kinds[i] === VALUE.text &&
      isSame(bytes, shape.starts[i] as number, shape.ends[i] as number, start, end)
    ) {
      out.byte(SAME_VALUE);
      return;
    }
    const key = shape.keys[i] as KeyWord;
    this.#texts.value(out, key, bytes, start, end);
    if (key.isHashed) this.hashes.push(this.#texts.lastHash);
    shape.kinds[i] = VALUE.text;
    shape.starts[i] = start;
    shape.ends[i] = end;
  }

  #writeInteger(out: ByteWriter, shape: Shape, record: ScannedRecord, i: number): void {
    const number = record.numbers[i] as number;
    if (shape.kinds[i] === VALUE.integer && shape.numbers[i] === number) {
      out.byte(SAME_VALUE);
      return;
    }
    writeInteger(out, number);
    this.#hashText(shape.keys[i] as KeyWord, number);
    shape.kinds[i] = VALUE.integer;
    shape.numbers[i] = number;
  }

  #writeOther(out: ByteWriter, shape: Shape, record: ScannedRecord, i: number, kind: number): void {
    const key = shape.keys[i] as KeyWord;
    shape.kinds[i] = kind;
    if (kind === VALUE.double) {
      const number = record.numbers[i] as number;
      writeDouble(out, number);
      if (Number.isInteger(number)) this.#hashText(key, number);
    } else if (kind === VALUE.any) {
      const value = this.#filtered(key, record.anys[i]);
      writeValue(out, value);
      const found = new Set<number>();
      addAttributeHashes(found, [{ key: key.text, value }]);
      for (const hash of found) this.hashes.push(hash);
    } else {
      out.byte(kind === VALUE.yes ? TRUE : FALSE);
      this.#hashText(key, kind === VALUE.yes);
    }
  }

  #hashText(key: KeyWord, value: string | number | boolean): void {
    if (key.isHashed) this.hashes.push(pairHash(key.hash, String(value)));
  }

  #filtered(key: KeyWord, value: OtlpAnyValue | undefined): OtlpAnyValue {
    const attribute: OtlpKeyValue = { key: key.text, value: value ?? {} };
    this.#filter.attributes([attribute]);
    return attribute.value ?? {};
  }

  /** The attribute at a place as the summary reads it; to be called before `write`. */
  attribute(record: ScannedRecord, i: number): OtlpKeyValue {
    const key = record.keys[i] as KeyWord;
    const start = record.starts[i] as number;
    const end = record.ends[i] as number;
    const told = this.#told.get(key);
    if (told && record.kinds[i] === VALUE.text && isSame(record.bytes, told.start, told.end, start, end))
      return told.attribute;
    const attribute = { key: key.text, value: this.#valueAt(record, i) };
    // Only what is a text still, which is what is written as it stands there.
    if (record.kinds[i] === VALUE.text) this.#told.set(key, { start, end, attribute });
    return attribute;
  }

  #valueAt(record: ScannedRecord, i: number): OtlpAnyValue {
    const key = record.keys[i] as KeyWord;
    const kind = record.kinds[i];
    if (kind === VALUE.text) {
      const start = record.starts[i] as number;
      const end = record.ends[i] as number;
      const value = { stringValue: this.#texts.textOf(key, record.bytes, start, end) };
      if (!this.#texts.isKept(key, record.bytes, start, end)) {
        // So that it is written as it is here, and counted once.
        record.kinds[i] = VALUE.any;
        record.anys[i] = value;
      }
      return value;
    }
    if (kind === VALUE.any) {
      const value = this.#filtered(key, record.anys[i]);
      record.anys[i] = value;
      return value;
    }
    const number = record.numbers[i] as number;
    if (kind === VALUE.integer) return { intValue: number };
    return kind === VALUE.double ? { doubleValue: number } : { boolValue: kind === VALUE.yes };
  }
}

function isSame(bytes: Buffer, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  const length = end - start;
  if (otherEnd - otherStart !== length) return false;
  // Values under one key begin alike and end differently.
  for (let i = length - 1; i >= 0; i -= 1) if (bytes[start + i] !== bytes[otherStart + i]) return false;
  return true;
}
