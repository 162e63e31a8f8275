import { ByteReader } from './encoding/byte-reader.ts';
import { ByteWriter } from './encoding/byte-writer.ts';

// Buckets grow by 5 %: a quantile is off by less than 2.5 %, and 12 decades are 570 buckets at most.
const LOG_GROWTH = Math.log(1.05);
/** Weights are kept in sixteenths, so that what was added can be taken away again exactly. */
export const WEIGHT_UNITS = 16;

/** A weight in units, at least one of them unless it is 0. */
export function weightUnits(weight: number): number {
  return weight > 0 ? Math.max(1, Math.round(weight * WEIGHT_UNITS)) : 0;
}

/** No duration is near the last bucket; a made-up value must not take the memory. */
const MAX_BUCKETS = 1024;
const SPARE_BUCKETS = 32;

/**
 * Counts of values in buckets that grow by a constant factor. Histograms of parts add up to that of the whole exactly,
 * in any order.
 */
export class LogHistogram {
  // Units of the buckets from `#first` on: values of one thing lie near each other.
  #units = new Float64Array(0);
  #first = 0;

  /** @param units weight in `WEIGHT_UNITS`; negative takes away what was added before */
  add(value: number, units: number): void {
    this.#add(value >= 1 ? Math.floor(Math.log(value) / LOG_GROWTH) + 1 : 0, units);
  }

  merge(other: LogHistogram): void {
    other.#units.forEach((units, i) => {
      if (units !== 0) this.#add(other.#first + i, units);
    });
  }

  /** The value below which `share` (0-1) of the weight lies, at the middle of its bucket; 0 when there is none. */
  quantile(share: number): number {
    const total = this.#units.reduce((sum, units) => sum + units, 0);
    let below = 0;
    for (let i = 0; i < this.#units.length; i += 1) {
      const units = this.#units[i] as number;
      below += units;
      if (units <= 0 || below < share * total) continue;
      const index = this.#first + i;
      return index === 0 ? 0 : Math.exp((index - 0.5) * LOG_GROWTH);
    }
    return 0;
  }

  encode(): Buffer {
    const out = new ByteWriter(256);
    let previous = 0;
    for (let i = 0; i < this.#units.length; i += 1) {
      const units = this.#units[i] as number;
      if (units <= 0) continue;
      const index = this.#first + i;
      out.varint(index - previous);
      out.varint(units);
      previous = index;
    }
    return out.copy();
  }

  /** Adds an encoded histogram to this one. */
  mergeEncoded(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    for (let index = 0; !reader.done; ) {
      index += reader.varint();
      this.#add(index, reader.varint());
    }
  }

  #add(index: number, units: number): void {
    const bucket = Math.min(index, MAX_BUCKETS - 1);
    if (bucket < this.#first || bucket >= this.#first + this.#units.length) this.#makeRoom(bucket);
    const place = bucket - this.#first;
    this.#units[place] = (this.#units[place] as number) + units;
  }

  #makeRoom(bucket: number): void {
    const length = this.#units.length;
    const from = length === 0 ? bucket : Math.min(bucket, this.#first);
    const to = length === 0 ? bucket : Math.max(bucket, this.#first + length - 1);
    const first = Math.max(0, from - SPARE_BUCKETS);
    const grown = new Float64Array(Math.min(MAX_BUCKETS, to + 1 + SPARE_BUCKETS) - first);
    if (length > 0) grown.set(this.#units, this.#first - first);
    this.#units = grown;
    this.#first = first;
  }
}
