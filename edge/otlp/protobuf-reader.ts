import { MalformedBodyError } from './decoded-request.ts';
import { unixNanoOfHalves } from './unix-nano.ts';

/** Protobuf wire types; groups (3 and 4) are older than OTLP and never legal in it. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const HIGH = new Uint8Array(256);
const LOW = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  HIGH[byte] = '0123456789abcdef'.charCodeAt(byte >> 4);
  LOW[byte] = '0123456789abcdef'.charCodeAt(byte & 15);
}

// Attribute keys and short values repeat within and across requests: a direct-mapped cache of ASCII strings answers most
// of them without a native call. Its size bounds what strangers can leave behind here (about 150 KB).
const CACHE_SLOTS = 2048;
const MAX_CACHED_BYTES = 40;
const cache: string[] = new Array(CACHE_SLOTS).fill('');

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const hasBuffer = typeof Buffer === 'function';

/**
 * A cursor over protobuf bytes. Every length is checked against the message it stands in, so hostile lengths throw
 * before anything is read or allocated.
 */
export class ProtobufReader {
  /** While no reader is alive V8 lets go of what it knows of readers, and with it of all code it compiled for them. */
  static readonly alive = new ProtobufReader(new Uint8Array(0));
  position = 0;
  readonly bytes: Uint8Array;
  #view: DataView;
  #buffer: Buffer | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = hasBuffer ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : undefined;
  }

  /** Low 32 bits of a varint: tags, lengths, enums, booleans. Reads up to ten bytes, as the format has it. */
  varint(end: number): number {
    let result = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= end) throw truncated();
      const byte = this.bytes[this.position++] as number;
      if (shift < 32) result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    throw new MalformedBodyError('The body is not protobuf: a number has more than ten bytes.');
  }

  /** A varint read as int64, in decimal. */
  int64(end: number): string {
    const start = this.position;
    const low = this.varint(end);
    if (this.position - start <= 4) return String(low);
    let value = 0n;
    for (let i = this.position - 1; i >= start; i--) value = (value << 7n) | BigInt((this.bytes[i] as number) & 0x7f);
    return String(BigInt.asIntN(64, value));
  }

  /** The end of a length-delimited field that starts at the cursor. */
  lengthEnd(end: number): number {
    const length = this.varint(end);
    if (length > end - this.position) throw truncated();
    return this.position + length;
  }

  unixNano(end: number): string {
    if (end - this.position < 8) throw truncated();
    const low = this.#view.getUint32(this.position, true);
    const high = this.#view.getUint32(this.position + 4, true);
    this.position += 8;
    return unixNanoOfHalves(low, high);
  }

  double(end: number): number {
    if (end - this.position < 8) throw truncated();
    this.position += 8;
    return this.#view.getFloat64(this.position - 8, true);
  }

  fixed32(end: number): number {
    if (end - this.position < 4) throw truncated();
    this.position += 4;
    return this.#view.getUint32(this.position - 4, true);
  }

  /** A length-delimited field as text; what is no UTF-8 becomes U+FFFD. */
  text(end: number): string {
    const stop = this.lengthEnd(end);
    const start = this.position;
    this.position = stop;
    const length = stop - start;
    if (length === 0) return '';
    return length <= MAX_CACHED_BYTES ? this.#shortText(start, stop) : this.#decode(start, stop);
  }

  #shortText(start: number, stop: number): string {
    const { bytes } = this;
    let hash = stop - start;
    let union = 0;
    for (let i = start; i < stop; i++) {
      const byte = bytes[i] as number;
      union |= byte;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (union >= 0x80) return this.#decode(start, stop);
    const slot = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
    const cached = cache[slot] as string;
    if (cached.length === stop - start) {
      let i = start;
      while (i < stop && cached.charCodeAt(i - start) === bytes[i]) i += 1;
      if (i === stop) return cached;
    }
    const text = this.#decode(start, stop);
    cache[slot] = text;
    return text;
  }

  #decode(start: number, stop: number): string {
    return this.#buffer ? this.#buffer.toString('utf8', start, stop) : utf8.decode(this.bytes.subarray(start, stop));
  }

  /** A length-delimited field as bytes; a view, not a copy. */
  blob(end: number): Uint8Array {
    const stop = this.lengthEnd(end);
    const blob = this.bytes.subarray(this.position, stop);
    this.position = stop;
    return blob;
  }

  /** An id of `byteCount` bytes in hex; '' when empty or all zero, `undefined` when it has another length. */
  id(end: number, byteCount: 8 | 16): string | undefined {
    const stop = this.lengthEnd(end);
    const start = this.position;
    this.position = stop;
    if (stop === start) return '';
    if (stop - start !== byteCount) return undefined;
    const first = hexOfEight(this.bytes, start);
    const second = byteCount === 16 ? hexOfEight(this.bytes, start + 8) : '';
    return first === ZERO_HALF && (second === '' || second === ZERO_HALF) ? '' : first + second;
  }

  skip(wireType: number, end: number): void {
    if (wireType === WIRE.varint) this.varint(end);
    else if (wireType === WIRE.bytes) this.position = this.lengthEnd(end);
    else if (wireType === WIRE.fixed64 || wireType === WIRE.fixed32) {
      this.position += wireType === WIRE.fixed64 ? 8 : 4;
      if (this.position > end) throw truncated();
    } else throw new MalformedBodyError(`The body is not protobuf: unknown wire type ${wireType}.`);
  }
}

const ZERO_HALF = '0000000000000000';

function hexOfEight(bytes: Uint8Array, start: number): string {
  const a = bytes[start] as number;
  const b = bytes[start + 1] as number;
  const c = bytes[start + 2] as number;
  const d = bytes[start + 3] as number;
  const e = bytes[start + 4] as number;
  const f = bytes[start + 5] as number;
  const g = bytes[start + 6] as number;
  const h = bytes[start + 7] as number;
  // Spelled out: spreading an array into the call costs more than the rest of this function.
  return String.fromCharCode(
    HIGH[a] as number,
    LOW[a] as number,
    HIGH[b] as number,
    LOW[b] as number,
    HIGH[c] as number,
    LOW[c] as number,
    HIGH[d] as number,
    LOW[d] as number,
    HIGH[e] as number,
    LOW[e] as number,
    HIGH[f] as number,
    LOW[f] as number,
    HIGH[g] as number,
    LOW[g] as number,
    HIGH[h] as number,
    LOW[h] as number,
  );
}

function truncated(): MalformedBodyError {
  return new MalformedBodyError('The body is not an OTLP request in protobuf, or was cut off on its way.');
}
