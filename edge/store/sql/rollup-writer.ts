import { MEASURES, type Measurement, Rollup } from '../rollup.ts';
import type { Measure } from '../trace-store.ts';
import { firstRow, type SqlDriver, type SqlValue } from './sql-driver.ts';
import { WORD, type WordWriter } from './words.ts';

const KEY = 'measure = ? AND hour = ? AND service = ? AND route = ? AND device = ?';
/** Kept for the next transaction; one is about a kilobyte. Beyond, all are read from their rows again. */
const MAX_KEPT = 4096;

/** A rollup with all its row has; `isChanged` since the row was written. */
interface Kept {
  key: readonly [measure: number, hour: number, service: number, route: number, device: number];
  rollup: Rollup;
  isChanged: boolean;
}

/** Rollups by measure, of one hour, service, route and device. */
type Measured = (Kept | undefined)[];

/**
 * Adds measurements to the rollups of a part. The same few rollups are added to in every transaction: they are kept as they
 * are in their rows, and only written.
 */
export class RollupWriter {
  readonly #driver: SqlDriver;
  readonly #words: WordWriter;
  // By hour, service, route and device, one in the other: a joined key would have to be made for every measurement.
  #hours = new Map<number, Map<string, Map<string, Map<string, Measured>>>>();
  #changed: Kept[] = [];
  #count = 0;

  constructor(driver: SqlDriver, words: WordWriter) {
    this.#driver = driver;
    this.#words = words;
  }

  /** Adds under a measure it counts for, whatever its own is. */
  add(measure: Measure, measurement: Measurement): void {
    const kept = this.#of(MEASURES.indexOf(measure), measurement);
    kept.rollup.add(measurement);
    if (kept.isChanged) return;
    kept.isChanged = true;
    this.#changed.push(kept);
  }

  /** Writes what was added; a rollup that adds up to nothing is deleted. */
  write(): void {
    for (const kept of this.#changed) {
      kept.isChanged = false;
      const { units, errorUnits, sum, histogram } = kept.rollup;
      if (units <= 0) {
        this.#driver.run(`DELETE FROM rollup WHERE ${KEY}`, kept.key);
        kept.rollup = new Rollup();
      } else {
        this.#driver.run(
          `INSERT OR REPLACE INTO rollup(measure, hour, service, route, device, units, error_units, sum, histogram)
           VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          [...kept.key, units, errorUnits, sum, histogram.encode()],
        );
      }
    }
    this.#changed = [];
    if (this.#count > MAX_KEPT) this.reset();
  }

  /** Forgets what was added since the last `write`, and what a rolled back transaction wrote. */
  reset(): void {
    this.#hours = new Map();
    this.#changed = [];
    this.#count = 0;
  }

  #of(measure: number, { hour, service, route, device }: Measurement): Kept {
    const services = inner(this.#hours, hour, () => new Map<string, Map<string, Map<string, Measured>>>());
    const routes = inner(services, service, () => new Map<string, Map<string, Measured>>());
    const devices = inner(routes, route, () => new Map<string, Measured>());
    const measured = inner(devices, device, (): Measured => new Array(MEASURES.length).fill(undefined));
    let kept = measured[measure];
    if (!kept) {
      const words = this.#words;
      const place = [words.id(WORD.service, service), words.id(WORD.route, route), words.id(WORD.device, device)];
      kept = this.#read([measure, hour, ...(place as [number, number, number])]);
      measured[measure] = kept;
      this.#count += 1;
    }
    return kept;
  }

  #read(key: Kept['key']): Kept {
    const rollup = new Rollup();
    const values: readonly SqlValue[] = key;
    const row = firstRow(this.#driver, `SELECT units, error_units, sum, histogram FROM rollup WHERE ${KEY}`, values);
    if (row) {
      rollup.units = Number(row.units);
      rollup.errorUnits = Number(row.error_units);
      rollup.sum = Number(row.sum);
      rollup.histogram.mergeEncoded(row.histogram as Uint8Array);
    }
    return { key, rollup, isChanged: false };
  }
}

function inner<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
