import { halvesOfUnixNano } from './unix-nano.ts';

const encoder = new TextEncoder();
/** Up to here a string is copied unit by unit, which beats a native call; longer or non-ASCII ones are not. */
const SHORT_TEXT = 64;

const NIBBLE = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++) NIBBLE[digit.toString(16).charCodeAt(0)] = digit;

/** Writes protobuf forward into one growing buffer. Fields with the proto3 default value are the caller's to leave out. */
export class ProtobufWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** A number below 2^32 as a varint. */
  varint(value: number): void {
    this.#reserve(5);
    this.#length = this.#putVarint(this.#length, value);
  }

  #putVarint(at: number, value: number): number {
    let position = at;
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.#bytes[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[position++] = rest;
    return position;
  }

  /** A decimal int64 as a varint; negative numbers take ten bytes, as the format has it. */
  int64(decimal: string): void {
    const small = Number(decimal);
    if (small >= 0 && small <= 0xffff_ffff) {
      this.varint(small);
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(decimal));
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  fixed32(tag: number, value: number): void {
    this.varint(tag);
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  double(tag: number, value: number): void {
    this.varint(tag);
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  unixNano(tag: number, nanos: string): void {
    this.varint(tag);
    this.#reserve(8);
    const { low, high } = halvesOfUnixNano(nanos);
    this.#view.setUint32(this.#length, low, true);
    this.#view.setUint32(this.#length + 4, high, true);
    this.#length += 8;
  }

  /** A hex id as bytes. */
  id(tag: number, hex: string): void {
    this.varint(tag);
    this.varint(hex.length >> 1);
    this.#reserve(hex.length >> 1);
    for (let i = 0; i < hex.length; i += 2)
      this.#bytes[this.#length++] =
        ((NIBBLE[hex.charCodeAt(i)] as number) << 4) | (NIBBLE[hex.charCodeAt(i + 1)] as number);
  }

  blob(tag: number, blob: Uint8Array): void {
    this.varint(tag);
    this.varint(blob.length);
    this.#reserve(blob.length);
    this.#bytes.set(blob, this.#length);
    this.#length += blob.length;
  }

  text(tag: number, text: string): void {
    this.varint(tag);
    if (text.length <= SHORT_TEXT) {
      this.#reserve(1 + text.length);
      const start = this.#length;
      this.#bytes[start] = text.length;
      let i = 0;
      for (; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (unit >= 0x80) break;
        this.#bytes[start + 1 + i] = unit;
      }
      if (i === text.length) {
        this.#length = start + 1 + i;
        return;
      }
    }
    const mark = this.begin(text.length);
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    this.end(mark);
  }

  /** Starts a nested message after its tag; `likelyLength` decides how many bytes its length gets at first. */
  begin(likelyLength: number): number {
    const width = varintWidth(likelyLength);
    this.#reserve(width);
    this.#length += width;
    // Both facts in one number: messages stay far below 2^40 bytes.
    return (this.#length - width) * 8 + width;
  }

  /** Writes the length of the message `begin` started, moving it when the guess was wrong. */
  end(mark: number): void {
    const guessed = mark % 8;
    const start = (mark - guessed) / 8;
    const length = this.#length - start - guessed;
    const width = varintWidth(length);
    if (width !== guessed) {
      this.#reserve(Math.max(0, width - guessed));
      this.#bytes.copyWithin(start + width, start + guessed, this.#length);
    }
    this.#length = this.#putVarint(start, length) + length;
  }
}

function varintWidth(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
