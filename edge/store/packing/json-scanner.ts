import type { OtlpSpan } from '../../../src/wire/otlp.ts';
import { addEvents, addLinks, addStatus } from '../../otlp/json-span.ts';
import { parseAnyValue } from '../../otlp/json-value.ts';
import { JsonAttributes } from './json-attributes.ts';
import { CHAR, type JsonCursor } from './json-cursor.ts';
import { digits, word } from './json-digits.ts';
import { LOG, LOG_FIELDS, SPAN, SPAN_FIELDS } from './json-record-fields.ts';
import type { ScannedRecord } from './scanned-record.ts';
import { UNUSUAL } from './unusual.ts';
import { isSameText, wordOf } from './word-table.ts';

/** How many arrays and objects a field of a record stands in. */
const FIELD_DEPTH = 7;
const MAX_KIND = 5;
const MAX_SEVERITY = 24;

const TIME_DIGITS = 19;
const EMPTY = wordOf('""');

/** Reads spans and log records of OTLP/JSON into a `ScannedRecord`. */
export class JsonScanner {
  readonly #cursor: JsonCursor;
  readonly #record: ScannedRecord;

  readonly #attributes: JsonAttributes;
  /** The last trace id, where it stands and in which body. */
  readonly #trace = new Int32Array(4);
  #traceAt = 0;
  #traceBody = -1;

  constructor(cursor: JsonCursor, record: ScannedRecord) {
    this.#cursor = cursor;
    this.#record = record;
    this.#attributes = new JsonAttributes(cursor, record);
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
    switch (field) {
      case SPAN.traceId:
        this.#traceId();
        break;
      case SPAN.spanId:
        this.#spanId();
        break;
      case SPAN.parentSpanId:
        this.#parentId();
        break;
      case SPAN.name:
        this.#name();
        break;
      case SPAN.kind:
        record.kind = cursor.uint32();
        if (record.kind > MAX_KIND) record.kind = 0;
        break;
      case SPAN.startTimeUnixNano:
        this.#start();
        break;
      case SPAN.endTimeUnixNano:
        this.#end();
        break;
      case SPAN.attributes:
        this.#attributes.read();
        break;
      case SPAN.flags:
        record.flags = cursor.uint32();
        break;
      case SPAN.traceState:
        cursor.string();
        record.traceState = cursor.text();
        break;
      case SPAN.droppedAttributesCount:
        record.dropped = cursor.uint32();
        break;
      case SPAN.droppedEventsCount:
        record.droppedEvents = cursor.uint32();
        break;
      case SPAN.droppedLinksCount:
        record.droppedLinks += cursor.uint32();
        break;
      default:
        this.#rare(field);
    }
  }

  // Events, links and status as the general way reads them.
  #rare(field: number): void {
    const record = this.#record;
    const raw = this.#parse();
    const span: OtlpSpan = { traceId: '', spanId: '', name: '', startTimeUnixNano: '', endTimeUnixNano: '' };
    if (field === SPAN.status) {
      if (!addStatus(span, raw)) throw UNUSUAL;
      record.statusCode = span.status?.code ?? 0;
      record.statusMessage = span.status?.message ?? '';
    } else if (field === SPAN.events) {
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
    switch (field) {
      case LOG.timeUnixNano:
        this.#start();
        break;
      case LOG.observedTimeUnixNano:
        this.#end();
        break;
      case LOG.severityNumber:
        record.severityNumber = cursor.uint32();
        if (record.severityNumber > MAX_SEVERITY) record.severityNumber = 0;
        break;
      case LOG.severityText:
        cursor.string();
        record.severityText = cursor.text();
        break;
      case LOG.body: {
        const body = parseAnyValue(this.#parse(), 0);
        if (body === undefined) throw UNUSUAL;
        record.body = body;
        break;
      }
      case LOG.eventName:
        this.#name();
        break;
      case LOG.attributes:
        this.#attributes.read();
        break;
      case LOG.droppedAttributesCount:
        record.dropped = cursor.uint32();
        break;
      case LOG.flags:
        record.flags = cursor.uint32();
        break;
      case LOG.traceId:
        this.#traceId();
        break;
      default:
        this.#spanId();
    }
  }

  #parse(): unknown {
    const open = this.#cursor.peek();
    if (open !== CHAR.openArray && open !== CHAR.openObject) throw UNUSUAL;
    return this.#cursor.parse(FIELD_DEPTH);
  }

  #traceId(): void {
    const record = this.#record;
    const { view, bodyNumber } = record;
    const start = this.#id(16);
    // Spans of a trace come one after the other.
    if (this.#traceBody !== bodyNumber || !isSameText(view, this.#traceAt, start, 32)) {
      for (let i = 0; i < 4; i += 1) this.#trace[i] = word(record.bytes, start + i * 8);
      this.#traceAt = start;
      this.#traceBody = bodyNumber;
    }
    record.trace0 = this.#trace[0] as number;
    record.trace1 = this.#trace[1] as number;
    record.trace2 = this.#trace[2] as number;
    record.trace3 = this.#trace[3] as number;
  }

  #spanId(): void {
    const record = this.#record;
    const start = this.#id(8);
    record.span0 = word(record.bytes, start);
    record.span1 = word(record.bytes, start + 8);
  }

  #parentId(): void {
    const record = this.#record;
    this.#cursor.peek();
    if (this.#cursor.takeWord(EMPTY)) return;
    const start = this.#id(8);
    record.parent0 = word(record.bytes, start);
    record.parent1 = word(record.bytes, start + 8);
  }

  // Where the id of so many bytes begins that is next.
  #id(byteCount: number): number {
    const cursor = this.#cursor;
    cursor.take(CHAR.quote);
    const start = cursor.at;
    const end = start + byteCount * 2;
    if (end >= cursor.end || cursor.bytes[end] !== CHAR.quote) throw UNUSUAL;
    cursor.at = end + 1;
    return start;
  }

  #name(): void {
    const cursor = this.#cursor;
    cursor.string();
    this.#record.nameStart = cursor.hasEscapes ? -1 : cursor.textStart;
    this.#record.nameEnd = cursor.textEnd;
    if (cursor.hasEscapes) this.#record.nameText = cursor.text();
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
    cursor.take(CHAR.quote);
    const { bytes, at: textStart } = cursor;
    // Most times have 19 digits, and nothing else than digits passes below.
    let textEnd = textStart + TIME_DIGITS;
    if (textEnd < cursor.end && bytes[textEnd] === CHAR.quote) cursor.at = textEnd + 1;
    else {
      cursor.restOfString();
      textEnd = cursor.textEnd;
    }
    const middle = textEnd - 9;
    if (middle <= textStart || middle - textStart > 10 || bytes[textStart] === 0x30) throw UNUSUAL;
    const seconds = digits(bytes, textStart, middle);
    this.#nanos = digits(bytes, middle, textEnd);
    return seconds;
  }
}
