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

/**
 * Counts of values in buckets that grow by a constant factor. Histograms of parts add up to that of the whole exactly,
 * in any order.
 */
export class LogHistogram {
  readonly #buckets = new Map<number, number>();

  /** @param units weight in `WEIGHT_UNITS`; negative takes away what was added before */
  add(value: number, units: number): void {
    const index = value < 1 ? 0 : Math.floor(Math.log(value) / LOG_GROWTH) + 1;
    this.#add(index, units);
  }

  merge(other: LogHistogram): void {
    for (const [index, units] of other.#buckets) this.#add(index, units);
  }

  /** The value below which `share` (0-1) of the weight lies, at the middle of its bucket; 0 when there is none. */
  quantile(share: number): number {
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    const total = sorted.reduce((sum, [, units]) => sum + units, 0);
    let below = 0;
    for (const [index, units] of sorted) {
      below += units;
      if (below >= share * total && units > 0) return index === 0 ? 0 : Math.exp((index - 0.5) * LOG_GROWTH);
    }
    return 0;
  }

  encode(): Buffer {
    const out = new ByteWriter(256);
    const sorted = [...this.#buckets].filter(([, units]) => units > 0).sort(([a], [b]) => a - b);
    let previous = 0;
    for (const [index, units] of sorted) {
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
    const sum = (this.#buckets.get(index) ?? 0) + units;
    if (sum === 0) this.#buckets.delete(index);
    else this.#buckets.set(index, sum);
  }
}
