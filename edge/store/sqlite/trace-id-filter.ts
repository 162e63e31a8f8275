import type { TraceId } from '../../../src/wire/ids.ts';

const BITS_PER_TRACE = 12;
const PROBES = 6;
const MIN_CAPACITY = 4096;

/**
 * A Bloom filter of the trace ids in a part: "certainly not here" without touching the disk, which is the answer for
 * nearly every new trace. About one in 300 asks in vain. Trace ids are random, so their own bits are the hash.
 */
export class TraceIdFilter {
  #bits: Uint32Array;
  #mask: number;
  #left: number;

  constructor(capacity: number) {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(capacity, MIN_CAPACITY) * BITS_PER_TRACE));
    this.#bits = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
    this.#left = Math.floor(bits / BITS_PER_TRACE);
  }

  /** True when the filter should be built anew with more room. */
  get full(): boolean {
    return this.#left <= 0;
  }

  add(traceId: TraceId): void {
    this.#left -= 1;
    let hash = Number.parseInt(traceId.slice(0, 8), 16);
    const step = Number.parseInt(traceId.slice(8, 16), 16) | 1;
    for (let i = 0; i < PROBES; i += 1) {
      const bit = hash & this.#mask;
      const word = bit >>> 5;
      this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (bit & 31));
      hash = (hash + step) | 0;
    }
  }

  has(traceId: TraceId): boolean {
    let hash = Number.parseInt(traceId.slice(0, 8), 16);
    const step = Number.parseInt(traceId.slice(8, 16), 16) | 1;
    for (let i = 0; i < PROBES; i += 1) {
      const bit = hash & this.#mask;
      if (((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
      hash = (hash + step) | 0;
    }
    return true;
  }
}
