import { isBrowser } from '../trace/browser-name.ts';
import type { LiveTrace } from './live-trace.ts';
import { WEIGHT_UNITS } from './log-histogram.ts';
import { countsFor, type Measurement, type Rollup, type RollupKey, Rollups, vitalsOf } from './rollup.ts';
import { InvalidFilterError } from './search.ts';
import type { Measure, StatisticsGroup, StatisticsQuery, StatisticsRow, VitalGroup } from './trace-store.ts';
import { VITAL_NAMES, VITAL_SCALE, type VitalName } from './web-vital.ts';

const HOUR_MS = 3_600_000;
const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 1000;
const MAX_EVERY_HOURS = 8760;
const MAX_QUANTILES = 16;

/** What only the rows of web vitals know. */
const VITAL_GROUPS: readonly VitalGroup[] = ['browser', 'country', 'release', 'target'];

/** Whether a query is answered by the rows of web vitals rather than by sums an hour. */
export function isByVital(query: StatisticsQuery): boolean {
  return VITAL_GROUPS.some((group) => query[group] !== undefined || query.by?.includes(group));
}

/**
 * Rollups on their way to the rows of one query.
 * @throws {InvalidFilterError} when the time window is none, a number is out of bounds, or requests are to be told apart
 *   by what vitals alone know
 */
export function createStatistics(query: StatisticsQuery): Statistics {
  if (!Number.isFinite(query.fromMs) || !Number.isFinite(query.toMs)) {
    throw new InvalidFilterError('Statistics need a time window: fromMs and toMs in epoch ms.');
  }
  if (!isVital(query.measure) && isByVital(query)) {
    throw new InvalidFilterError(`${VITAL_GROUPS.join(', ')} are known of web vitals, not of requests.`);
  }
  const { everyHours = 1, quantiles = [] } = query;
  if (!Number.isInteger(everyHours) || everyHours < 1 || everyHours > MAX_EVERY_HOURS) {
    throw new InvalidFilterError(`everyHours must be a whole number from 1 to ${MAX_EVERY_HOURS}.`);
  }
  if (quantiles.length > MAX_QUANTILES || !quantiles.every((share) => share >= 0 && share <= 1)) {
    throw new InvalidFilterError(`quantiles must be at most ${MAX_QUANTILES} numbers from 0 to 1.`);
  }
  return new Statistics(query);
}

export class Statistics {
  readonly rollups = new Rollups();
  readonly #query: StatisticsQuery;
  readonly #by: ReadonlySet<StatisticsGroup>;
  readonly #isByVital: boolean;

  constructor(query: StatisticsQuery) {
    this.#query = query;
    this.#by = new Set(query.by ?? []);
    this.#isByVital = isByVital(query);
  }

  /** What is not grouped by is the same for all. */
  readonly reduce = (key: RollupKey): RollupKey => {
    const { everyHours = 1 } = this.#query;
    const reduced: RollupKey = {
      measure: this.#query.measure,
      hour: this.#by.has('hour') ? key.hour - (key.hour % everyHours) : 0,
      service: this.#by.has('service') ? key.service : '',
      route: this.#by.has('route') ? key.route : '',
      device: this.#by.has('device') ? key.device : '',
    };
    if (this.#isByVital) for (const group of VITAL_GROUPS) reduced[group] = (this.#by.has(group) && key[group]) || '';
    return reduced;
  };

  /** Takes a measurement if the query asks for it. */
  add(measurement: Measurement): void {
    const { measure, fromMs, toMs, browser } = this.#query;
    if (!countsFor(measurement, measure)) return;
    if (measurement.hour < Math.floor(fromMs / HOUR_MS) || measurement.hour > Math.floor(toMs / HOUR_MS)) return;
    for (const name of ['service', 'route', 'device', 'country', 'release', 'target'] as const) {
      if (this.#query[name] !== undefined && measurement[name] !== this.#query[name]) return;
    }
    if (browser !== undefined && !isBrowser(measurement.browser ?? '', browser)) return;
    this.rollups.of(this.reduce(measurement)).add(measurement);
  }

  /** Takes what is known of a trace in memory and counted in no block. */
  addLive({ chunks, stored, state }: LiveTrace<unknown>): void {
    const { measure } = this.#query;
    if (isVital(measure)) {
      if (stored) for (const vital of vitalsOf(stored, -1, [measure])) this.add(vital);
      for (const vital of vitalsOf(state, 1, [measure])) this.add(vital);
    } else for (const { requests } of chunks) for (const request of requests) this.add(request);
  }

  rows(): StatisticsRow[] {
    const limit = Math.min(MAX_LIMIT, Math.max(1, Math.trunc(this.#query.limit ?? DEFAULT_LIMIT)));
    const groups = new Map<string, { units: number; rows: { hour: number; row: StatisticsRow }[] }>();
    for (const { key, rollup } of this.rollups.all()) {
      if (rollup.units <= 0) continue;
      // Hours belong to the series they are a point of: a series is kept or left out as a whole.
      const series = seriesOf(key);
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
    const { measure, quantiles } = this.#query;
    const scale = isVital(measure) ? VITAL_SCALE : 1000;
    const { histogram, units } = rollup;
    return {
      ...(this.#by.has('hour') && { hourMs: key.hour * HOUR_MS }),
      ...(this.#by.has('service') && { service: key.service }),
      ...(this.#by.has('route') && { route: key.route }),
      ...(this.#by.has('device') && { device: key.device }),
      ...this.#vitalGroups(key),
      count: units / WEIGHT_UNITS,
      errors: rollup.errorUnits / WEIGHT_UNITS,
      mean: rollup.sum / units / scale,
      p50: histogram.quantile(0.5) / scale,
      p75: histogram.quantile(0.75) / scale,
      p95: histogram.quantile(0.95) / scale,
      p99: histogram.quantile(0.99) / scale,
      ...(quantiles && { quantiles: quantiles.map((share) => histogram.quantile(share) / scale) }),
    };
  }
  #vitalGroups(key: RollupKey): Partial<Record<VitalGroup, string>> {
    return Object.fromEntries(
      VITAL_GROUPS.filter((group) => this.#by.has(group)).map((group) => [group, key[group] ?? '']),
    );
  }
}

function isVital(measure: Measure): measure is VitalName {
  return VITAL_NAMES.some((name) => name === measure);
}

function seriesOf({ service, route, device, browser, country, release, target }: RollupKey): string {
  return [service, route, device, browser, country, release, target].join('\n');
}
