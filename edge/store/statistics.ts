import { WEIGHT_UNITS } from './log-histogram.ts';
import { type Measurement, type Rollup, type RollupKey, Rollups } from './rollup.ts';
import { InvalidFilterError } from './search.ts';
import type { StatisticsGroup, StatisticsQuery, StatisticsRow } from './trace-store.ts';
import { VITAL_SCALE } from './web-vital.ts';

const HOUR_MS = 3_600_000;
const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 1000;

/**
 * Rollups on their way to the rows of one query.
 * @throws {InvalidFilterError} when the time window is none
 */
export function createStatistics(query: StatisticsQuery): Statistics {
  if (!Number.isFinite(query.fromMs) || !Number.isFinite(query.toMs)) {
    throw new InvalidFilterError('Statistics need a time window: fromMs and toMs in epoch ms.');
  }
  return new Statistics(query);
}

export class Statistics {
  readonly rollups = new Rollups();
  readonly #query: StatisticsQuery;
  readonly #by: ReadonlySet<StatisticsGroup>;

  constructor(query: StatisticsQuery) {
    this.#query = query;
    this.#by = new Set(query.by ?? []);
  }

  /** What is not grouped by is the same for all. */
  readonly reduce = (key: RollupKey): RollupKey => ({
    measure: key.measure,
    hour: this.#by.has('hour') ? key.hour : 0,
    service: this.#by.has('service') ? key.service : '',
    route: this.#by.has('route') ? key.route : '',
    device: this.#by.has('device') ? key.device : '',
  });

  /** Takes a measurement that is in no block yet, if the query asks for it. */
  add(measurement: Measurement): void {
    const { measure, fromMs, toMs, service, route, device } = this.#query;
    if (measurement.measure !== measure) return;
    if (measurement.hour < Math.floor(fromMs / HOUR_MS) || measurement.hour > Math.floor(toMs / HOUR_MS)) return;
    if (service !== undefined && measurement.service !== service) return;
    if (route !== undefined && measurement.route !== route) return;
    if (device !== undefined && measurement.device !== device) return;
    this.rollups.of(this.reduce(measurement)).add(measurement);
  }

  rows(): StatisticsRow[] {
    const limit = Math.min(MAX_LIMIT, Math.max(1, Math.trunc(this.#query.limit ?? DEFAULT_LIMIT)));
    const groups = new Map<string, { units: number; rows: { hour: number; row: StatisticsRow }[] }>();
    for (const { key, rollup } of this.rollups.all()) {
      if (rollup.units <= 0) continue;
      // Hours belong to the series they are a point of: a series is kept or left out as a whole.
      const series = `${key.service}\n${key.route}\n${key.device}`;
      const group = groups.get(series) ?? { units: 0, rows: [] };
      group.units += rollup.units;
      group.rows.push({ hour: key.hour, row: this.#row(key, rollup) });
      groups.set(series, group);
    }
    return [...groups.values()]
      .sort((a, b) => b.units - a.units)
      .slice(0, limit)
      .flatMap(({ rows }) => rows.sort((a, b) => a.hour - b.hour).map(({ row }) => row));
  }

  #row(key: RollupKey, rollup: Rollup): StatisticsRow {
    const { measure } = this.#query;
    const scale = measure === 'requests' ? 1000 : VITAL_SCALE;
    const { histogram, units } = rollup;
    return {
      ...(this.#by.has('hour') && { hourMs: key.hour * HOUR_MS }),
      ...(this.#by.has('service') && { service: key.service }),
      ...(this.#by.has('route') && { route: key.route }),
      ...(this.#by.has('device') && { device: key.device }),
      count: units / WEIGHT_UNITS,
      errors: rollup.errorUnits / WEIGHT_UNITS,
      mean: rollup.sum / units / scale,
      p50: histogram.quantile(0.5) / scale,
      p75: histogram.quantile(0.75) / scale,
      p95: histogram.quantile(0.95) / scale,
      p99: histogram.quantile(0.99) / scale,
    };
  }
}
