import type { OtlpAnyValue, OtlpSpanEvent, OtlpSpanLink } from '../../../src/wire/otlp.ts';
import type { KeyWord } from './key-word.ts';
import { UNUSUAL } from './unusual.ts';

/** How the value of a scanned attribute is held. */
export const VALUE = { text: 0, integer: 1, double: 2, yes: 3, no: 4, any: 5 } as const;
export type ValueKind = (typeof VALUE)[keyof typeof VALUE];

/** More attributes than any SDK lets a span have; beyond, the general way. */
const MAX_ATTRIBUTES = 256;

/**
 * One span or log record as it was found in a body: ids as 32-bit words, texts as places in the body, attributes in
 * parallel arrays. There is one for all, which every record overwrites.
 */
export class ScannedRecord {
  bytes: Buffer = Buffer.alloc(0);
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
  readonly kinds = new Uint8Array(MAX_ATTRIBUTES);
  readonly starts = new Int32Array(MAX_ATTRIBUTES);
  readonly ends = new Int32Array(MAX_ATTRIBUTES);
  readonly numbers = new Float64Array(MAX_ATTRIBUTES);
  readonly anys: (OtlpAnyValue | undefined)[] = [];
  /** Places of attributes that a summary reads. */
  readonly told: number[] = [];

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
    this.told.length = 0;
  }

  addText(key: KeyWord, start: number, end: number): void {
    const i = this.#add(key, VALUE.text);
    this.starts[i] = start;
    this.ends[i] = end;
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
    if (key.isTold) this.told.push(i);
    this.attributes = i + 1;
    return i;
  }
}
