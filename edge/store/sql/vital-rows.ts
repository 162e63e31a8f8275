import { isBrowser } from '../../trace/browser-name.ts';
import { weightUnits } from '../log-histogram.ts';
import { MEASURES, type RollupKey, type Rollups } from '../rollup.ts';
import type { SummaryState } from '../summary.ts';
import type { StatisticsQuery } from '../trace-store.ts';
import { VITAL_NAMES, VITAL_SCALE, type Vitals } from '../web-vital.ts';
import type { SqlDriver, SqlValue } from './sql-driver.ts';
import { NO_WORD, WORD, type WordReader, type WordWriter } from './words.ts';

/** Where a column lies when it is not in `trace`. */
const TABLE: Partial<Record<string, string>> = { target: 'vital' };
const HOUR_MS = 3_600_000;
const HOUR_US = HOUR_MS * 1000;

/** Writes a row a web vital of a trace over those that are there. */
export function writeVitals(driver: SqlDriver, words: WordWriter, trace: number, state: SummaryState): void {
  for (const vital of VITAL_NAMES) {
    const value = state.vitals[vital];
    if (value === undefined) continue;
    driver.run('INSERT OR REPLACE INTO vital(measure, trace, value, target) VALUES(?, ?, ?, ?)', [
      MEASURES.indexOf(vital),
      trace,
      Math.round(value * VITAL_SCALE),
      words.id(WORD.target, state.targets[vital] ?? ''),
    ]);
  }
}

/** Reads what a trace's row does not hold of its vitals: the elements they are about. */
export function readTargets(driver: SqlDriver, words: WordReader, trace: number, into: Vitals): void {
  for (const vital of VITAL_NAMES) {
    if (into.vitals[vital] === undefined) continue;
    const values = [MEASURES.indexOf(vital), trace];
    for (const row of driver.rows('SELECT target FROM vital WHERE measure = ? AND trace = ?', values)) {
      const target = words.text(Number(row.target));
      if (target !== '') into.targets[vital] = target;
    }
  }
}

/** Adds the web vitals a query asks for to `into`, under the keys `reduce` makes of what their page views are grouped by. */
export function readVitals(
  driver: SqlDriver,
  words: WordReader,
  baseUs: number,
  query: StatisticsQuery,
  into: Rollups,
  reduce: (key: RollupKey) => RollupKey,
): void {
  const { measure, fromMs, toMs, browser } = query;
  const conditions = ['vital.measure = ?', 'trace.start BETWEEN ? AND ?', 'trace.weight > 0'];
  const values: SqlValue[] = [
    MEASURES.indexOf(measure),
    hourOf(fromMs) * HOUR_US - baseUs,
    (hourOf(toMs) + 1) * HOUR_US - 1 - baseUs,
  ];
  for (const column of ['service', 'route', 'device', 'country', 'release', 'target'] as const) {
    const text = query[column];
    if (text === undefined) continue;
    const id = words.id(WORD[column], text);
    if (id === undefined) return;
    conditions.push(`${TABLE[column] ?? 'trace'}.${column} = ?`);
    values.push(id);
  }
  if (browser !== undefined) {
    const ids = browser === '' ? [NO_WORD] : words.matching(WORD.browser, (known) => isBrowser(known, browser));
    conditions.push('trace.browser IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(ids));
  }
  const columns = new Set<string>(query.by);
  const hour = columns.delete('hour') ? [`(trace.start + ${baseUs}) / ${HOUR_US}`] : [];
  const groups = [...hour, ...Array.from(columns, (column) => `${TABLE[column] ?? 'trace'}.${column}`), 'trace.weight'];
  // Few page views of all are of one route: those are looked up. Of all, vitals lie in the order of their traces.
  const joined =
    query.route === undefined
      ? 'vital CROSS JOIN trace ON trace.id = vital.trace'
      : 'trace INDEXED BY trace_route CROSS JOIN vital ON vital.trace = trace.id';
  const rows = driver.rows(
    `SELECT min(trace.start) AS start, min(vital.target) AS target, min(trace.service) AS service, min(trace.route) AS route,
       min(trace.device) AS device, min(trace.browser) AS browser, min(trace.country) AS country, min(trace.release) AS release,
       trace.weight AS weight, group_concat(vital.value) AS vitals
     FROM ${joined} WHERE ${conditions.join(' AND ')} GROUP BY ${groups.join(', ')}`,
    values,
  );
  const text = (id: SqlValue | undefined): string => words.text(Number(id));
  for (const row of rows) {
    const key = reduce({
      measure,
      hour: Math.floor((Number(row.start) + baseUs) / HOUR_US),
      service: text(row.service),
      route: text(row.route),
      device: text(row.device),
      browser: text(row.browser),
      country: text(row.country),
      release: text(row.release),
      target: text(row.target),
    });
    const rollup = into.of(key);
    const units = weightUnits(Number(row.weight));
    for (const value of String(row.vitals).split(',')) {
      rollup.add({ value: Number(value), units, error: false });
    }
  }
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}

/** Takes the vitals of a trace out. */
export function removeVitals(driver: SqlDriver, trace: number): void {
  for (const vital of VITAL_NAMES) {
    driver.run('DELETE FROM vital WHERE measure = ? AND trace = ?', [MEASURES.indexOf(vital), trace]);
  }
}
