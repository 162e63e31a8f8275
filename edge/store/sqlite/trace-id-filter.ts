import type { TraceId } from '../../../src/wire/ids.ts';

const BITS_PER_TRACE = 12;
const PROBES = 6;
const MIN_CAPACITY = 4096;

/** Bits for so many traces. */
interface Layer {
  bits: Uint32Array;
  mask: number;
  left: number;
}

/**
 * A Bloom filter of the trace ids in a part: "certainly not here" without touching the disk, which is the answer for
 * nearly every new trace. About one in 300 asks in vain. Trace ids are random, so their own bits are the hash. It grows by
 * layers, each twice the one before: building it anew would read all ids of a part while ingest waits.
 */
export class TraceIdFilter {
  readonly #layers: Layer[];

  /** @param capacity traces for which one layer is enough */
  constructor(capacity: number) {
    this.#layers = [createLayer(capacity)];
  }

  add(traceId: TraceId): void {
    let layer = this.#layers.at(-1) as Layer;
    if (layer.left <= 0) {
      layer = createLayer((layer.bits.length * 32 * 2) / BITS_PER_TRACE);
      this.#layers.push(layer);
    }
    layer.left -= 1;
    const { bits, mask } = layer;
    let hash = Number.parseInt(traceId.slice(0, 8), 16);
    const step = Number.parseInt(traceId.slice(8, 16), 16) | 1;
    for (let i = 0; i < PROBES; i += 1) {
      const bit = hash & mask;
      const word = bit >>> 5;
      bits[word] = (bits[word] ?? 0) | (1 << (bit & 31));
      hash = (hash + step) | 0;
    }
  }

  has(traceId: TraceId): boolean {
    const hash = Number.parseInt(traceId.slice(0, 8), 16) | 0;
    const step = Number.parseInt(traceId.slice(8, 16), 16) | 1;
    return this.#layers.some((layer) => layerHas(layer, hash, step));
  }
}

function createLayer(capacity: number): Layer {
  const bits = 2 ** Math.ceil(Math.log2(Math.max(capacity, MIN_CAPACITY) * BITS_PER_TRACE));
  return { bits: new Uint32Array(bits / 32), mask: bits - 1, left: Math.floor(bits / BITS_PER_TRACE) };
}

function layerHas({ bits, mask }: Layer, first: number, step: number): boolean {
  let hash = first;
  for (let i = 0; i < PROBES; i += 1) {
    const bit = hash & mask;
    if (((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    hash = (hash + step) | 0;
  }
  return true;
}
