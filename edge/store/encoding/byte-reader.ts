/** Bytes do not hold what the format says: damaged, or not ours. */
export class DamagedDataError extends Error {
  override readonly name = 'DamagedDataError';
}

/**
 * Reads what `ByteWriter` wrote.
 * @throws {DamagedDataError} from every method when the bytes end too early.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new DamagedDataError('A record ends too early.');
    return value;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
      if (factor > 2 ** 53) throw new DamagedDataError('A number is too long.');
    }
  }

  double(): number {
    return this.#take(8).readDoubleLE(0);
  }

  raw(count: number): Buffer {
    return this.#take(count);
  }

  hex(byteCount: number): string {
    return this.#take(byteCount).toString('hex');
  }

  /** UTF-8 of a byte length read before. */
  text(byteLength: number): string {
    return this.#take(byteLength).toString('utf8');
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new DamagedDataError('A record ends too early.');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
