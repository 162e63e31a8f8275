const SHORT_TEXT = 48;
/** Bytes that are copied four at a time; more are left to the runtime. */
const LONGEST_LOOP = 512;

// 0-15 for the characters of lower- and upper-case hex, 0 for all others: callers hand in validated ids.
const HEX_VALUE = new Uint8Array(128);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  HEX_VALUE[digit.charCodeAt(0)] = value;
  HEX_VALUE[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Writes hex digits as bytes to the front of `into`. */
export function hexInto(into: Uint8Array, digits: string): void {
  for (let i = 0, at = 0; i < digits.length; i += 2, at += 1) {
    into[at] = ((HEX_VALUE[digits.charCodeAt(i)] ?? 0) << 4) | (HEX_VALUE[digits.charCodeAt(i + 1)] ?? 0);
  }
}

/** A growing buffer for the store's binary records; `reset` and use it again rather than making another. */
export class ByteWriter {
  #bytes: Buffer;
  #view: DataView;
  #length = 0;

  constructor(capacity = 64 * 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = viewOf(this.#bytes);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  /**
   * The buffer with room for `count` more bytes from `length` on, for loops that write bytes themselves; they call
   * `advance` when they are done.
   */
  room(count: number): Buffer {
    this.#reserve(count);
    return this.#bytes;
  }

  advance(count: number): void {
    this.#length += count;
  }

  /** A copy of what was written since the last `reset`. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.#length);
    this.#bytes.copy(copy, 0, 0, this.#length);
    return copy;
  }

  /** What was written since `from`, valid until the next write. */
  view(from = 0): Buffer {
    return this.#bytes.subarray(from, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A non-negative safe integer, seven bits a byte, low bits first. */
  varint(value: number): void {
    this.#reserve(8);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest >= 0x80000000) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Bytes of a view; for short runs this is cheaper than a call into the runtime. */
  rawOf(from: DataView, start: number, length: number): void {
    this.#reserve(length);
    if (length > LONGEST_LOOP)
      this.#bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, length), this.#length);
    else {
      const view = this.#view;
      const at = this.#length;
      let i = 0;
      for (const last = length - 4; i <= last; i += 4) view.setInt32(at + i, from.getInt32(start + i));
      for (; i < length; i += 1) view.setUint8(at + i, from.getUint8(start + i));
    }
    this.#length += length;
  }

  /** All that another one holds. */
  append(other: ByteWriter): void {
    this.#reserve(other.#length);
    other.#bytes.copy(this.#bytes, this.#length, 0, other.#length);
    this.#length += other.#length;
  }

  /** Hex digits as bytes, two a byte. */
  hex(digits: string): void {
    this.#reserve(digits.length >> 1);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < digits.length; i += 2) {
      bytes[at++] = ((HEX_VALUE[digits.charCodeAt(i)] ?? 0) << 4) | (HEX_VALUE[digits.charCodeAt(i + 1)] ?? 0);
    }
    this.#length = at;
  }

  /** UTF-8 behind a varint that holds its byte length times `radix` plus `tag`. */
  text(text: string, radix = 1, tag = 0): void {
    const start = this.#length;
    if (text.length <= SHORT_TEXT) {
      this.varint(text.length * radix + tag);
      this.#reserve(text.length);
      if (this.#ascii(text)) return;
      this.#length = start;
    }
    const byteLength = Buffer.byteLength(text);
    this.varint(byteLength * radix + tag);
    this.#reserve(byteLength);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  // A call into the runtime costs more than copying a few characters here.
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
