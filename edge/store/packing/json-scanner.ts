import type { OtlpSpan } from '../../../src/wire/otlp.ts';
import { addEvents, addLinks, addStatus } from '../../otlp/json-span.ts';
import { isJsonObject, parseAnyValue } from '../../otlp/json-value.ts';
import { CHAR, type JsonCursor } from './json-cursor.ts';
import { digits, word } from './json-digits.ts';
import { JsonFields } from './json-fields.ts';
import type { KeyWord } from './key-word.ts';
import { type ScannedRecord, VALUE } from './scanned-record.ts';
import { UNUSUAL } from './unusual.ts';
import { wordOf } from './word-table.ts';

/** How many arrays and objects a field of a record stands in. */
const FIELD_DEPTH = 7;
const MAX_KIND = 5;
const MAX_SEVERITY = 24;

const SPAN = [
  'traceId',
  'spanId',
  'parentSpanId',
  'name',
  'kind',
  'startTimeUnixNano',
  'endTimeUnixNano',
  'attributes',
  'status',
  'flags',
  'traceState',
  'droppedAttributesCount',
  'events',
  'droppedEventsCount',
  'links',
  'droppedLinksCount',
] as const;
const LOG = [
  'timeUnixNano',
  'observedTimeUnixNano',
  'severityNumber',
  'severityText',
  'body',
  'eventName',
  'attributes',
  'droppedAttributesCount',
  'flags',
  'traceId',
  'spanId',
] as const;

const SPAN_FIELDS = new JsonFields(SPAN);
const LOG_FIELDS = new JsonFields(LOG);

const KEY = wordOf('{"key":"');
const TEXT_VALUE = wordOf(',"value":{"stringValue":"');
const VALUE_START = wordOf(',"value":{"');
const INTEGER = wordOf('intValue":');
const DOUBLE = wordOf('doubleValue":');
const TRUE = wordOf('boolValue":true');
const FALSE = wordOf('boolValue":false');
const VALUE_END = wordOf('}}');

/** Reads spans and log records of OTLP/JSON into a `ScannedRecord`. */
export class JsonScanner {
  readonly #cursor: JsonCursor;
  readonly #record: ScannedRecord;

  constructor(cursor: JsonCursor, record: ScannedRecord) {
    this.#cursor = cursor;
    this.#record = record;
  }

  /** A span that begins at the cursor. */
  span(): void {
    const cursor = this.#cursor;
    const record = this.#record;
    record.reset();
    cursor.take(CHAR.openObject);
    let seen = 0;
    let field = -1;
    do {
      field = SPAN_FIELDS.next(cursor, field);
      if (seen & (1 << field)) throw UNUSUAL;
      seen |= 1 << field;
      this.#spanField(field);
    } while (cursor.more(CHAR.closeObject));
  }

  #spanField(field: number): void {
    const cursor = this.#cursor;
    const record = this.#record;
    switch (SPAN[field]) {
      case 'traceId':
        this.#traceId();
        break;
      case 'spanId':
        this.#id(8);
        record.span0 = word(cursor, 0);
        record.span1 = word(cursor, 8);
        break;
      case 'parentSpanId':
        cursor.string();
        if (cursor.textEnd === cursor.textStart) break;
        if (cursor.textEnd - cursor.textStart !== 16) throw UNUSUAL;
        record.parent0 = word(cursor, 0);
        record.parent1 = word(cursor, 8);
        break;
      case 'name':
        this.#name();
        break;
      case 'kind':
        record.kind = cursor.uint32();
        if (record.kind > MAX_KIND) record.kind = 0;
        break;
      case 'startTimeUnixNano':
        this.#start();
        break;
      case 'endTimeUnixNano':
        this.#end();
        break;
      case 'attributes':
        this.#attributes();
        break;
      case 'flags':
        record.flags = cursor.uint32();
        break;
      case 'traceState':
        cursor.string();
        record.traceState = cursor.text();
        break;
      case 'droppedAttributesCount':
        record.dropped = cursor.uint32();
        break;
      case 'droppedEventsCount':
        record.droppedEvents = cursor.uint32();
        break;
      case 'droppedLinksCount':
        record.droppedLinks += cursor.uint32();
        break;
      default:
        this.#rare(SPAN[field]);
    }
  }

  // Events, links and status as the general way reads them.
  #rare(field: (typeof SPAN)[number] | undefined): void {
    const record = this.#record;
    const raw = this.#parse();
    const span: OtlpSpan = { traceId: '', spanId: '', name: '', startTimeUnixNano: '', endTimeUnixNano: '' };
    if (field === 'status') {
      if (!addStatus(span, raw)) throw UNUSUAL;
      record.statusCode = span.status?.code ?? 0;
      record.statusMessage = span.status?.message ?? '';
    } else if (field === 'events') {
      if (!addEvents(span, raw)) throw UNUSUAL;
      record.events = span.events;
    } else {
      if (!addLinks(span, raw)) throw UNUSUAL;
      record.links = span.links;
      record.droppedLinks += span.droppedLinksCount ?? 0;
    }
  }

  /** A log record that begins at the cursor. */
  log(): void {
    const cursor = this.#cursor;
    this.#record.reset();
    cursor.take(CHAR.openObject);
    let seen = 0;
    let field = -1;
    do {
      field = LOG_FIELDS.next(cursor, field);
      if (seen & (1 << field)) throw UNUSUAL;
      seen |= 1 << field;
      this.#logField(field);
    } while (cursor.more(CHAR.closeObject));
  }

  #logField(field: number): void {
    const cursor = this.#cursor;
    const record = this.#record;
    switch (LOG[field]) {
      case 'timeUnixNano':
        this.#start();
        break;
      case 'observedTimeUnixNano':
        this.#end();
        break;
      case 'severityNumber':
        record.severityNumber = cursor.uint32();
        if (record.severityNumber > MAX_SEVERITY) record.severityNumber = 0;
        break;
      case 'severityText':
        cursor.string();
        record.severityText = cursor.text();
        break;
      case 'body': {
        const body = parseAnyValue(this.#parse(), 0);
        if (body === undefined) throw UNUSUAL;
        record.body = body;
        break;
      }
      case 'eventName':
        this.#name();
        break;
      case 'attributes':
        this.#attributes();
        break;
      case 'droppedAttributesCount':
        record.dropped = cursor.uint32();
        break;
      case 'flags':
        record.flags = cursor.uint32();
        break;
      case 'traceId':
        this.#traceId();
        break;
      default:
        this.#id(8);
        record.span0 = word(cursor, 0);
        record.span1 = word(cursor, 8);
    }
  }

  #parse(): unknown {
    const open = this.#cursor.peek();
    if (open !== CHAR.openArray && open !== CHAR.openObject) throw UNUSUAL;
    return this.#cursor.parse(FIELD_DEPTH);
  }

  #traceId(): void {
    const cursor = this.#cursor;
    const record = this.#record;
    this.#id(16);
    record.trace0 = word(cursor, 0);
    record.trace1 = word(cursor, 8);
    record.trace2 = word(cursor, 16);
    record.trace3 = word(cursor, 24);
  }

  #id(byteCount: number): void {
    const cursor = this.#cursor;
    cursor.string();
    if (cursor.textEnd - cursor.textStart !== byteCount * 2) throw UNUSUAL;
  }

  #name(): void {
    const cursor = this.#cursor;
    const record = this.#record;
    cursor.string();
    record.nameStart = cursor.hasEscapes ? -1 : cursor.textStart;
    record.nameEnd = cursor.textEnd;
    if (cursor.hasEscapes) record.nameText = cursor.text();
  }

  #start(): void {
    this.#record.startSeconds = this.#time();
    this.#record.startNanos = this.#nanos;
  }

  #end(): void {
    this.#record.endSeconds = this.#time();
    this.#record.endNanos = this.#nanos;
  }

  #nanos = 0;

  // Whole seconds; the rest is left in #nanos. Only times after 1970's first second and with at most 19 digits.
  #time(): number {
    const cursor = this.#cursor;
    cursor.string();
    const { bytes, textStart, textEnd } = cursor;
    const middle = textEnd - 9;
    if (middle <= textStart || middle - textStart > 10 || bytes[textStart] === 0x30) throw UNUSUAL;
    const seconds = digits(bytes, textStart, middle);
    this.#nanos = digits(bytes, middle, textEnd);
    return seconds;
  }

  #attributes(): void {
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
    const record = this.#record;
    if (!cursor.takeWord(KEY)) return false;
    const key = this.#key();
    if (key === undefined) return false;
    if (cursor.takeWord(TEXT_VALUE)) {
      cursor.restOfString();
      if (cursor.hasEscapes || !cursor.takeWord(VALUE_END)) return false;
      record.addText(key, cursor.textStart, cursor.textEnd);
      return true;
    }
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

  // The key at the cursor.
  #key(): KeyWord | undefined {
    const cursor = this.#cursor;
    const record = this.#record;
    const expected = record.expectedKey();
    if (expected?.isPlainJson && cursor.takeText(expected)) return expected;
    cursor.restOfString();
    if (cursor.hasEscapes) return undefined;
    return record.findKey(cursor.textStart, cursor.textEnd);
  }

  // Any other order, white space or value, as the general way reads it.
  #anyAttribute(): void {
    const raw = this.#cursor.parse(FIELD_DEPTH + 1);
    if (!isJsonObject(raw) || typeof raw.key !== 'string') throw UNUSUAL;
    const value = parseAnyValue(raw.value, 0);
    if (value === undefined) throw UNUSUAL;
    this.#record.addAny(this.#record.keyOf(raw.key), value);
  }
}
