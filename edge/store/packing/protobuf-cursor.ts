import { ProtobufReader } from '../../otlp/protobuf-reader.ts';
import { UNUSUAL } from './unusual.ts';

/** No tag, length or count of ours takes more. */
const MAX_VARINT_BYTES = 4;
const NANOS = 1e9;

/** Reads numbers of a protobuf body at places that are handed in and on. */
export class ProtobufCursor {
  bytes: Buffer = NOTHING;
  view: DataView = NO_VIEW;
  /** Behind the last varint. */
  position = 0;
  /** Within the second of the last time. */
  nanos = 0;
  /** For fields few records have; made when the first one comes. */
  #reader: ProtobufReader | undefined;

  reset(bytes: Buffer = NOTHING, view: DataView = NO_VIEW): void {
    this.bytes = bytes;
    this.view = view;
    this.#reader = undefined;
  }

  /** A varint of at most four bytes; where it ends is left in `position`. */
  varint(start: number, end: number): number {
    const { bytes } = this;
    let at = start;
    let value = 0;
    for (let shift = 0; shift < MAX_VARINT_BYTES * 7; shift += 7) {
      if (at >= end) throw UNUSUAL;
      const byte = bytes[at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = at;
        return value;
      }
    }
    throw UNUSUAL;
  }

  /** The end of a length-delimited field whose length stands at `start`. */
  lengthEnd(start: number, end: number): number {
    const length = this.varint(start, end);
    const stop = this.position + length;
    if (stop > end) throw UNUSUAL;
    return stop;
  }

  /** A reader of the general kind at a place of the body. */
  readerAt(at: number): ProtobufReader {
    this.#reader ??= new ProtobufReader(this.bytes);
    this.#reader.position = at;
    return this.#reader;
  }

  /** Behind what that reader read last. */
  get readerPosition(): number {
    return this.#reader?.position ?? 0;
  }

  /** Whole seconds of a `fixed64` in nanoseconds; the rest is left in `nanos`. */
  time(at: number, end: number): number {
    if (end - at < 8) throw UNUSUAL;
    const { view } = this;
    const low = view.getUint32(at, true);
    const high = view.getUint32(at + 4, true);
    // The sum is rounded, so it may be a second off; the rest, which is exact modulo 2^32, tells.
    let seconds = Math.floor(high * 4.294967296 + low / NANOS);
    let nanos = (low - Math.imul(seconds, NANOS)) >>> 0;
    if (nanos >= 2 ** 31) {
      seconds -= 1;
      nanos = (nanos + NANOS) >>> 0;
    } else if (nanos >= NANOS) {
      seconds += 1;
      nanos -= NANOS;
    }
    this.nanos = nanos;
    return seconds;
  }
}

const NOTHING = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
