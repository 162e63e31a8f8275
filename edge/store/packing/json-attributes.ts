import { isJsonObject, parseAnyValue } from '../../otlp/json-value.ts';
import { CHAR, type JsonCursor } from './json-cursor.ts';
import type { KeyWord } from './key-word.ts';
import { type ScannedRecord, VALUE } from './scanned-record.ts';
import { UNUSUAL } from './unusual.ts';
import { isSameText, wordOf } from './word-table.ts';

/** How many arrays and objects an attribute stands in. */
const ATTRIBUTE_DEPTH = 8;

const KEY = wordOf('{"key":"');
const TEXT_VALUE = wordOf(',"value":{"stringValue":"');
const VALUE_START = wordOf(',"value":{"');
const INTEGER = wordOf('intValue":');
const DOUBLE = wordOf('doubleValue":');
const TRUE = wordOf('boolValue":true');
const FALSE = wordOf('boolValue":false');
const VALUE_END = wordOf('}}');

/** Reads the attributes of spans and log records of OTLP/JSON into a `ScannedRecord`. */
export class JsonAttributes {
  readonly #cursor: JsonCursor;
  readonly #record: ScannedRecord;

  constructor(cursor: JsonCursor, record: ScannedRecord) {
    this.#cursor = cursor;
    this.#record = record;
  }

  /** A list of attributes that begins at the cursor. */
  read(): void {
    const cursor = this.#cursor;
    cursor.take(CHAR.openArray);
    if (cursor.takeIf(CHAR.closeArray)) return;
    do {
      cursor.peek();
      const start = cursor.at;
      if (this.#attribute()) continue;
      cursor.at = start;
      this.#anyAttribute();
    } while (cursor.more(CHAR.closeArray));
  }

  // An attribute as every encoder writes it; false when it is not.
  #attribute(): boolean {
    const cursor = this.#cursor;
    const expected = this.#record.expectedKey();
    // Most attributes are texts under the key that is expected: all in front of the text is compared in one go.
    if (expected?.jsonText !== undefined && cursor.takeWord(expected.jsonText)) return this.#text(expected);
    if (!cursor.takeWord(KEY)) return false;
    const key = this.#key(expected);
    if (key === undefined) return false;
    if (!cursor.takeWord(TEXT_VALUE)) return this.#otherValue(key);
    if (key.isPlainJson) key.jsonText ??= wordOf(`{"key":"${key.text}","value":{"stringValue":"`);
    return this.#text(key);
  }

  // The key at the cursor.
  #key(expected: KeyWord | undefined): KeyWord | undefined {
    const cursor = this.#cursor;
    if (expected?.isPlainJson && cursor.takeText(expected)) return expected;
    cursor.restOfString();
    if (cursor.hasEscapes) return undefined;
    return this.#record.findKey(cursor.textStart, cursor.textEnd);
  }

  // A text and the end of its attribute; often it is the one that came under the key before.
  #text(key: KeyWord): boolean {
    const cursor = this.#cursor;
    const record = this.#record;
    const { at } = cursor;
    const end = at + key.end - key.start;
    if (
      key.body === record.bodyNumber &&
      end < cursor.end &&
      cursor.bytes[end] === CHAR.quote &&
      isSameText(record.view, key.start, at, end - at)
    ) {
      cursor.at = end + 1;
      if (!cursor.takeWord(VALUE_END)) return false;
      record.addLastText(key);
      return true;
    }
    cursor.restOfString();
    if (cursor.hasEscapes || !cursor.takeWord(VALUE_END)) return false;
    record.addText(key, cursor.textStart, cursor.textEnd);
    return true;
  }

  #otherValue(key: KeyWord): boolean {
    const cursor = this.#cursor;
    const record = this.#record;
    if (!cursor.takeWord(VALUE_START)) return false;
    if (cursor.takeWord(INTEGER)) {
      const value = cursor.integerOrNot();
      if (value === undefined || !cursor.takeWord(VALUE_END)) return false;
      record.addNumber(key, VALUE.integer, value);
    } else if (cursor.takeWord(DOUBLE)) {
      if (cursor.peek() === CHAR.quote) return false;
      const value = cursor.number();
      if (!cursor.takeWord(VALUE_END)) return false;
      record.addNumber(key, VALUE.double, value);
    } else if (cursor.takeWord(TRUE)) {
      if (!cursor.takeWord(VALUE_END)) return false;
      record.addBoolean(key, true);
    } else if (cursor.takeWord(FALSE)) {
      if (!cursor.takeWord(VALUE_END)) return false;
      record.addBoolean(key, false);
    } else return false;
    return true;
  }

  // Any other order, white space or value, as the general way reads it.
  #anyAttribute(): void {
    const raw = this.#cursor.parse(ATTRIBUTE_DEPTH);
    if (!isJsonObject(raw) || typeof raw.key !== 'string') throw UNUSUAL;
    const value = parseAnyValue(raw.value, 0);
    if (value === undefined) throw UNUSUAL;
    this.#record.addAny(this.#record.keyOf(raw.key), value);
  }
}
