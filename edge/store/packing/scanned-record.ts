import type { OtlpAnyValue, OtlpSpanEvent, OtlpSpanLink } from '../../../src/wire/otlp.ts';
import { type KeyWord, TOLD } from './key-word.ts';
import { UNUSUAL } from './unusual.ts';
import { isSameText, isWordAt, type WordTable } from './word-table.ts';

/** How the value of a scanned attribute is held. */
export const VALUE = { text: 0, integer: 1, double: 2, yes: 3, no: 4, any: 5 } as const;
export type ValueKind = (typeof VALUE)[keyof typeof VALUE];

/** More attributes than any SDK lets a span have; beyond, the general way. */
const MAX_ATTRIBUTES = 256;
/** Bodies are numbered from 0 to this and then from 0 again. */
const LAST_BODY = 2 ** 30 - 1;

/**
 * One span or log record as it was found in a body: ids as 32-bit words, texts as places in the body, attributes in
 * parallel arrays. There is one for all, which every record overwrites.
 */
export class ScannedRecord {
  bytes: Buffer = NOTHING;
  /** Of the same bytes: four are compared or copied at once. */
  view: DataView = NO_VIEW;
  /** The number of the body they are. */
  bodyNumber = 0;
  trace0 = 0;
  trace1 = 0;
  trace2 = 0;
  trace3 = 0;
  span0 = 0;
  span1 = 0;
  parent0 = 0;
  parent1 = 0;
  /** The name of a span, or the event name of a log record; `start` -1 when it is in `nameText`. */
  nameStart = 0;
  nameEnd = 0;
  nameText = '';
  kind = 0;
  flags = 0;
  dropped = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  /** Start of a span, time of a log record: whole seconds and the rest in nanoseconds. */
  startSeconds = 0;
  startNanos = 0;
  /** End of a span, observed time of a log record. */
  endSeconds = 0;
  endNanos = 0;
  statusCode = 0;
  statusMessage = '';
  traceState = '';
  severityNumber = 0;
  severityText = '';
  body: OtlpAnyValue | undefined;
  events: OtlpSpanEvent[] | undefined;
  links: OtlpSpanLink[] | undefined;

  attributes = 0;
  readonly keys: KeyWord[] = [];
  /** Equal for equal lists of keys. */
  keysHash = 0;
  readonly kinds = new Uint8Array(MAX_ATTRIBUTES);
  readonly starts = new Int32Array(MAX_ATTRIBUTES);
  readonly ends = new Int32Array(MAX_ATTRIBUTES);
  readonly numbers = new Float64Array(MAX_ATTRIBUTES);
  readonly anys: (OtlpAnyValue | undefined)[] = [];
  /** Places of attributes that a summary reads. */
  readonly told = new Uint8Array(MAX_ATTRIBUTES);
  toldCount = 0;
  readonly #words: WordTable<KeyWord>;
  #first: KeyWord | undefined;

  constructor(words: WordTable<KeyWord>) {
    this.#words = words;
  }

  begin(bytes: Buffer): void {
    if (this.#words.tidy()) {
      this.#first = undefined;
      this.keys.length = 0;
    }
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bodyNumber = this.bodyNumber === LAST_BODY ? 0 : this.bodyNumber + 1;
  }

  /** Lets go of the body. */
  end(): void {
    this.bytes = NOTHING;
    this.view = NO_VIEW;
  }

  reset(): void {
    this.trace0 = this.trace1 = this.trace2 = this.trace3 = 0;
    this.span0 = this.span1 = this.parent0 = this.parent1 = 0;
    this.nameStart = this.nameEnd = 0;
    this.nameText = '';
    this.kind = this.flags = this.dropped = this.droppedEvents = this.droppedLinks = 0;
    this.startSeconds = this.startNanos = this.endSeconds = this.endNanos = 0;
    this.statusCode = 0;
    this.statusMessage = this.traceState = this.severityText = '';
    this.severityNumber = 0;
    this.body = this.events = this.links = undefined;
    this.attributes = 0;
    this.keysHash = 0;
    this.toldCount = 0;
  }

  /** The key that is expected next; what is known of it may be all wrong. */
  expectedKey(): KeyWord | undefined {
    return this.attributes === 0 ? this.#first : this.keys[this.attributes - 1]?.after;
  }

  /** The key at a place of the body. */
  key(start: number, end: number): KeyWord {
    const expected = this.expectedKey();
    if (expected !== undefined && expected.bytes.length === end - start && isWordAt(this.view, start, expected))
      return expected;
    return this.findKey(start, end);
  }

  /** The same for a key that is not the expected one. */
  findKey(start: number, end: number): KeyWord {
    const key = this.#words.find(this.view, start, end);
    if (key === undefined) throw UNUSUAL;
    const before = this.attributes === 0 ? undefined : this.keys[this.attributes - 1];
    if (before) before.after = key;
    else this.#first = key;
    return key;
  }

  /** The key of a text that does not stand in the body as it is. */
  keyOf(text: string): KeyWord {
    const bytes = new TextEncoder().encode(text);
    const key = this.#words.find(new DataView(bytes.buffer), 0, bytes.length);
    if (key === undefined) throw UNUSUAL;
    return key;
  }

  /** A text that was the last one under its key as well is told from where that stands. */
  addText(key: KeyWord, start: number, end: number): void {
    const length = end - start;
    if (
      key.body !== this.bodyNumber ||
      key.end - key.start !== length ||
      !isSameText(this.view, key.start, start, length)
    )
      key.take(this.bodyNumber, start, end);
    this.addLastText(key);
  }

  /** The same for the very text that was the last one under its key. */
  addLastText(key: KeyWord): void {
    const i = this.#add(key, VALUE.text);
    this.starts[i] = key.start;
    this.ends[i] = key.end;
  }

  addNumber(key: KeyWord, kind: typeof VALUE.integer | typeof VALUE.double, value: number): void {
    this.numbers[this.#add(key, kind)] = value;
  }

  addBoolean(key: KeyWord, value: boolean): void {
    this.#add(key, value ? VALUE.yes : VALUE.no);
  }

  /** Any other value, not filtered yet. */
  addAny(key: KeyWord, value: OtlpAnyValue): void {
    this.anys[this.#add(key, VALUE.any)] = value;
  }

  #add(key: KeyWord, kind: ValueKind): number {
    const i = this.attributes;
    if (i === MAX_ATTRIBUTES) throw UNUSUAL;
    this.keys[i] = key;
    this.kinds[i] = kind;
    this.keysHash = (Math.imul(this.keysHash, 31) + key.hash) | 0;
    if (key.told !== TOLD.never) this.told[this.toldCount++] = i;
    this.attributes = i + 1;
    return i;
  }
}

const NOTHING = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
