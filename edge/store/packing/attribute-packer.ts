import type { OtlpAnyValue, OtlpKeyValue } from '../../../src/wire/otlp.ts';
import { addAttributeHashes, pairHash } from '../attribute-hash.ts';
import type { ByteWriter } from '../encoding/byte-writer.ts';
import { SAME_VALUE, writeDouble, writeInteger, writeValue } from '../encoding/value.ts';
import { IntList } from './int-list.ts';
import type { KeyWord } from './key-word.ts';
import { type ScannedRecord, VALUE } from './scanned-record.ts';
import type { TextFilter } from './text-filter.ts';
import { type TextPacker, writeKnownBytes } from './text-packer.ts';
import { isSameText } from './word-table.ts';

const NEW_SHAPE = 0;
const MAX_SHAPES = 24;
const NOTHING_YET = 255;
// As value.ts writes them.
const FALSE = 1 * 4 + 3;
const TRUE = 2 * 4 + 3;
/** Shapes of most chunks have no more keys together. */
const USUAL_KEYS = 128;

/**
 * Writes the attributes of one chunk's records as `ShapeReader` reads them, and collects their hashes. As in
 * attribute-shapes.ts a shape is a list of keys that came before in the chunk, with the last value of each. All shapes are
 * in the same arrays, one behind the other.
 */
export class AttributePacker {
  readonly #texts: TextPacker;
  readonly #filter: TextFilter;
  #shapes = 0;
  /** Of each shape: the hash of its keys, where they begin and how many there are. */
  readonly #hashes = new Int32Array(MAX_SHAPES);
  readonly #places = new Int32Array(MAX_SHAPES);
  readonly #counts = new Int32Array(MAX_SHAPES);
  /** Of each key of each shape: its last value. */
  readonly #keys: KeyWord[] = [];
  #kinds = new Uint8Array(USUAL_KEYS);
  #starts = new Int32Array(USUAL_KEYS);
  #ends = new Int32Array(USUAL_KEYS);
  #numbers = new Float64Array(USUAL_KEYS);
  #used = 0;
  /** Hashes of keys and of keys with values; any may come twice. */
  readonly hashes = new IntList();

  constructor(texts: TextPacker, filter: TextFilter) {
    this.#texts = texts;
    this.#filter = filter;
  }

  reset(): void {
    this.#shapes = 0;
    this.#used = 0;
    this.hashes.length = 0;
  }

  write(out: ByteWriter, record: ScannedRecord): void {
    const place = this.#shapeOf(out, record);
    const { kinds, starts, numbers } = record;
    const lastKinds = this.#kinds;
    for (let i = 0, count = record.attributes; i < count; i += 1) {
      const kind = kinds[i] as number;
      const at = place + i;
      if (lastKinds[at] === kind) {
        if (kind === VALUE.text) {
          if (this.#starts[at] === starts[i] || this.#isSame(record, i, at)) {
            out.byte(SAME_VALUE);
            continue;
          }
        } else if (kind === VALUE.integer && this.#numbers[at] === numbers[i]) {
          out.byte(SAME_VALUE);
          continue;
        }
      } else lastKinds[at] = kind;
      if (kind === VALUE.text) this.#writeText(out, record, i, at);
      else if (kind === VALUE.integer) this.#writeInteger(out, record, i, at);
      else this.#writeOther(out, record, i, kind);
    }
  }

  #isSame({ view, starts, ends }: ScannedRecord, i: number, at: number): boolean {
    const start = starts[i] as number;
    const length = (ends[i] as number) - start;
    const lastStart = this.#starts[at] as number;
    return (this.#ends[at] as number) - lastStart === length && isSameText(view, lastStart, start, length);
  }

  // Where the record's shape stands; one that is new is written.
  #shapeOf(out: ByteWriter, record: ScannedRecord): number {
    const { attributes: count, keys, keysHash } = record;
    for (let index = 0; index < this.#shapes; index += 1) {
      if (this.#hashes[index] !== keysHash || this.#counts[index] !== count) continue;
      const place = this.#places[index] as number;
      let i = 0;
      while (i < count && this.#keys[place + i] === keys[i]) i += 1;
      if (i < count) continue;
      out.varint(index + 1);
      return place;
    }
    return this.#newShape(out, record);
  }

  #newShape(out: ByteWriter, { attributes: count, keys, keysHash }: ScannedRecord): number {
    const place = this.#used;
    this.#reserve(place + count);
    out.byte(NEW_SHAPE);
    out.varint(count);
    for (let i = 0; i < count; i += 1) {
      const key = keys[i] as KeyWord;
      this.#keys[place + i] = key;
      this.#kinds[place + i] = NOTHING_YET;
      writeKnownBytes(out, key);
      this.hashes.push(key.hash);
    }
    if (this.#shapes < MAX_SHAPES) {
      this.#hashes[this.#shapes] = keysHash;
      this.#places[this.#shapes] = place;
      this.#counts[this.#shapes] = count;
      this.#shapes += 1;
      this.#used = place + count;
    }
    return place;
  }

  #reserve(count: number): void {
    if (count <= this.#kinds.length) return;
    const size = count * 2;
    const grow = <T extends Uint8Array | Int32Array | Float64Array>(from: T, into: T): T => {
      into.set(from);
      return into;
    };
    this.#kinds = grow(this.#kinds, new Uint8Array(size));
    this.#starts = grow(this.#starts, new Int32Array(size));
    this.#ends = grow(this.#ends, new Int32Array(size));
    this.#numbers = grow(this.#numbers, new Float64Array(size));
  }

  #writeText(out: ByteWriter, record: ScannedRecord, i: number, at: number): void {
    const start = record.starts[i] as number;
    const end = record.ends[i] as number;
    const key = record.keys[i] as KeyWord;
    this.#texts.value(out, key, record, start, end);
    if (key.isHashed) this.hashes.push(this.#texts.lastHash);
    this.#starts[at] = start;
    this.#ends[at] = end;
  }

  #writeInteger(out: ByteWriter, record: ScannedRecord, i: number, at: number): void {
    const number = record.numbers[i] as number;
    writeInteger(out, number);
    this.#hashNumber(record.keys[i] as KeyWord, number);
    this.#numbers[at] = number;
  }

  #writeOther(out: ByteWriter, record: ScannedRecord, i: number, kind: number): void {
    const key = record.keys[i] as KeyWord;
    if (kind === VALUE.double) {
      const number = record.numbers[i] as number;
      writeDouble(out, number);
      if (Number.isInteger(number)) this.#hashNumber(key, number);
    } else if (kind === VALUE.any) {
      const value = this.#filtered(key, record.anys[i]);
      writeValue(out, value);
      const found = new Set<number>();
      addAttributeHashes(found, [{ key: key.text, value }]);
      for (const hash of found) this.hashes.push(hash);
    } else {
      out.byte(kind === VALUE.yes ? TRUE : FALSE);
      if (key.isHashed) this.hashes.push(pairHash(key.hash, kind === VALUE.yes ? 'true' : 'false'));
    }
  }

  #hashNumber(key: KeyWord, number: number): void {
    if (key.isHashed) this.hashes.push(pairHash(key.hash, String(number)));
  }

  #filtered(key: KeyWord, value: OtlpAnyValue | undefined): OtlpAnyValue {
    const attribute: OtlpKeyValue = { key: key.text, value: value ?? {} };
    this.#filter.attributes([attribute]);
    return attribute.value ?? {};
  }

  /** The attribute at a place as the summary reads it; to be called before `write`. */
  attribute(record: ScannedRecord, i: number): OtlpKeyValue {
    const key = record.keys[i] as KeyWord;
    if (record.kinds[i] !== VALUE.text) return { key: key.text, value: this.#valueAt(record, i) };
    const start = record.starts[i] as number;
    const isLast = key.start === start && key.body === record.bodyNumber;
    if (isLast && key.read === start && key.attribute) return key.attribute;
    const attribute = { key: key.text, value: this.#valueAt(record, i) };
    // Only what is a text still, which is what is written as it stands there.
    if (isLast && record.kinds[i] === VALUE.text) {
      key.read = start;
      key.attribute = attribute;
    }
    return attribute;
  }

  #valueAt(record: ScannedRecord, i: number): OtlpAnyValue {
    const key = record.keys[i] as KeyWord;
    const kind = record.kinds[i];
    if (kind === VALUE.text) {
      const start = record.starts[i] as number;
      const end = record.ends[i] as number;
      const isKept = this.#texts.isKept(key, record, start, end);
      const value = { stringValue: this.#texts.textOf(key, record, start, end) };
      if (!isKept) {
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
