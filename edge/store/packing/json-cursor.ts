import { MAX_BODY_DEPTH } from '../../../src/wire/limits.ts';
import { UNUSUAL } from './unusual.ts';
import { isWordAt, type Word } from './word-table.ts';

export const CHAR = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;
/** So many digits are a safe integer. */
const MAX_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: MAX_DIGITS + 1 }, (_, power) => 10 ** power);

/**
 * Steps through a JSON text. What it steps over is checked to the letter; whatever is not as expected is `UNUSUAL`, so
 * that a broken text is always found by the parser of the general way.
 */
export class JsonCursor {
  bytes: Buffer = NOTHING;
  /** Of the same bytes: strings are read four at a time. */
  view: DataView = NO_VIEW;
  at = 0;
  end = 0;
  /** Of the last string. */
  textStart = 0;
  textEnd = 0;
  hasEscapes = false;

  reset(bytes: Buffer, view: DataView): void {
    this.bytes = bytes;
    this.view = view;
    this.at = 0;
    this.end = bytes.length;
  }

  /** The next byte that is no white space. */
  peek(): number {
    const { bytes, end } = this;
    let { at } = this;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte > SPACE) {
        this.at = at;
        return byte;
      }
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) throw UNUSUAL;
      at += 1;
    }
    throw UNUSUAL;
  }

  take(byte: number): void {
    if (this.peek() !== byte) throw UNUSUAL;
    this.at += 1;
  }

  /** Takes a byte if it is next. */
  takeIf(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  /** True when another member follows, false when `close` ended the list. */
  more(close: number): boolean {
    const byte = this.peek();
    this.at += 1;
    if (byte === CHAR.comma) return true;
    if (byte === close) return false;
    throw UNUSUAL;
  }

  /** Whether this very text is next; takes it if so. */
  takeWord(expected: Word): boolean {
    const end = this.at + expected.bytes.length;
    if (end > this.end || !isWordAt(this.view, this.at, expected)) return false;
    this.at = end;
    return true;
  }

  /** Whether the rest of a string is this very text; takes it if so. */
  takeText(expected: Word): boolean {
    const { at } = this;
    const end = at + expected.bytes.length;
    if (end >= this.end || this.bytes[end] !== CHAR.quote || !isWordAt(this.view, at, expected)) return false;
    this.textStart = at;
    this.textEnd = end;
    this.at = end + 1;
    return true;
  }

  /** A string that begins at the next byte; where it stands is in `textStart` and `textEnd`. */
  string(): void {
    this.take(CHAR.quote);
    this.restOfString();
  }

  restOfString(): void {
    const { bytes, view, end } = this;
    let { at } = this;
    this.textStart = at;
    this.hasEscapes = false;
    while (at < end) {
      for (const last = end - 4; at <= last && isPlain(view.getInt32(at)); ) at += 4;
      if (at === end) break;
      const byte = bytes[at] as number;
      if (byte === CHAR.quote) {
        this.textEnd = at;
        this.at = at + 1;
        return;
      }
      if (byte < SPACE) throw UNUSUAL;
      if (byte === CHAR.backslash) {
        this.hasEscapes = true;
        at += 1;
      }
      at += 1;
    }
    throw UNUSUAL;
  }

  /** The last string. */
  text(): string {
    const { bytes, textStart, textEnd } = this;
    if (this.hasEscapes) return parse(bytes.toString('utf8', textStart - 1, textEnd + 1)) as string;
    return bytes.toString('utf8', textStart, textEnd);
  }

  /** A whole number from 0 to 4,294,967,295. */
  uint32(): number {
    this.peek();
    const value = this.#digitsOrNot();
    if (value === undefined || value > 0xffff_ffff || isInNumber(this.bytes[this.at])) throw UNUSUAL;
    return value;
  }

  /** An integer of at most 15 digits, as a number or a string; `undefined` for any other. */
  integerOrNot(): number | undefined {
    const isText = this.bytes[this.at] === CHAR.quote;
    if (isText) this.at += 1;
    const isNegative = this.bytes[this.at] === MINUS;
    if (isNegative) this.at += 1;
    const value = this.#digitsOrNot();
    if (value === undefined) return undefined;
    if (isText) {
      if (this.bytes[this.at] !== CHAR.quote) return undefined;
      this.at += 1;
    } else if (isInNumber(this.bytes[this.at])) return undefined;
    return isNegative ? 0 - value : value;
  }

  /** A number as JSON writes it, to the last bit. */
  number(): number {
    const isNegative = this.peek() === MINUS;
    const { bytes, end, at: start } = this;
    let at = isNegative ? start + 1 : start;
    const first = at;
    let value = 0;
    let decimals = 0;
    while (at < end && isDigit(bytes[at] as number)) value = value * 10 + (bytes[at++] as number) - ZERO;
    let digits = at - first;
    const isPlain = digits > 0 && (digits === 1 || bytes[first] !== ZERO);
    if (bytes[at] === POINT) {
      const from = ++at;
      while (at < end && isDigit(bytes[at] as number)) value = value * 10 + (bytes[at++] as number) - ZERO;
      decimals = at - from;
      digits = decimals === 0 ? Number.POSITIVE_INFINITY : digits + decimals;
    }
    if (!isPlain || digits > MAX_DIGITS || isInNumber(bytes[at])) return this.#anyNumber(at);
    this.at = at;
    // Both are exact, so the quotient is the nearest double (Clinger 1990).
    value /= POWERS_OF_TEN[decimals] as number;
    return isNegative ? -value : value;
  }

  #anyNumber(from: number): number {
    let at = from;
    while (at < this.end && isInNumber(this.bytes[at])) at += 1;
    const value = parse(this.bytes.toString('latin1', this.at, at));
    this.at = at;
    return value as number;
  }

  /** Steps over an array or object, and parses it. */
  parse(depth: number): unknown {
    const start = this.at;
    this.skip(depth);
    return parse(this.bytes.toString('utf8', start, this.at));
  }

  /** Steps over an array or object without a look at more than its brackets. */
  skip(depth: number): void {
    const { at: start, bytes, end } = this;
    let open = 0;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === CHAR.quote) {
        this.at = at + 1;
        this.restOfString();
        at = this.at - 1;
      } else if (byte === CHAR.openArray || byte === CHAR.openObject) {
        open += 1;
        if (depth + open > MAX_BODY_DEPTH) throw UNUSUAL;
      } else if (byte === CHAR.closeArray || byte === CHAR.closeObject) {
        open -= 1;
        if (open <= 0) {
          this.at = at + 1;
          return;
        }
      }
    }
    throw UNUSUAL;
  }

  /** Nothing but white space may follow. */
  finish(): void {
    const { bytes, end } = this;
    for (let { at } = this; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) throw UNUSUAL;
    }
  }

  // At most 15 of them, which is a safe integer.
  #digitsOrNot(): number | undefined {
    const start = this.at;
    const { bytes, end } = this;
    let at = start;
    let value = 0;
    while (at < end && isDigit(bytes[at] as number)) value = value * 10 + (bytes[at++] as number) - ZERO;
    const length = at - start;
    if (length === 0 || length > MAX_DIGITS || (length > 1 && bytes[start] === ZERO)) return undefined;
    this.at = at;
    return value;
  }
}

const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

// Whether none of four characters is a quote, a backslash or a control character: a subtraction borrows from a byte's highest
// bit where the byte was too small, and an exclusive or makes the byte looked for the smallest there is.
function isPlain(four: number): boolean {
  const quotes = four ^ (CHAR.quote * ONES);
  const backslashes = four ^ (CHAR.backslash * ONES);
  const found = ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes) | ((four - SPACE * ONES) & ~four);
  return (found & HIGH_BITS) === 0;
}

// Digits, signs, point and exponent.
function isInNumber(byte: number | undefined): boolean {
  return (
    byte !== undefined &&
    ((byte >= ZERO && byte <= NINE) || byte === MINUS || byte === POINT || byte === 0x2b || (byte | 0x20) === 0x65)
  );
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw UNUSUAL;
  }
}

const NOTHING = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
