import { weightUnits } from '../log-histogram.ts';
import { MEASURES, type Measurement } from '../rollup.ts';
import type { SummaryState } from '../summary.ts';
import type { StatisticsQuery } from '../trace-store.ts';
import { VITAL_NAMES, VITAL_SCALE, type Vitals } from '../web-vital.ts';
import type { SqlDriver, SqlValue } from './sql-driver.ts';
import { WORD, type WordReader, type WordWriter } from './words.ts';

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

/** Every web vital a query may ask for, with what its page view is grouped by. */
export function readVitals(
  driver: SqlDriver,
  words: WordReader,
  baseUs: number,
  query: StatisticsQuery,
  visit: (vital: Measurement) => void,
): void {
  const { measure, fromMs, toMs } = query;
  const rows = driver.rows(
    `SELECT vital.value, vital.target, trace.start, trace.service, trace.route, trace.device, trace.browser,
       trace.country, trace.release, trace.weight
     FROM vital JOIN trace ON trace.id = vital.trace
     WHERE vital.measure = ? AND trace.start BETWEEN ? AND ? AND trace.weight > 0`,
    [MEASURES.indexOf(measure), hourOf(fromMs) * HOUR_US - baseUs, (hourOf(toMs) + 1) * HOUR_US - 1 - baseUs],
  );
  const text = (id: SqlValue | undefined): string => words.text(Number(id));
  for (const row of rows) {
    visit({
      measure,
      hour: Math.floor((Number(row.start) + baseUs) / HOUR_US),
      service: text(row.service),
      route: text(row.route),
      device: text(row.device),
      browser: text(row.browser),
      country: text(row.country),
      release: text(row.release),
      target: text(row.target),
      value: Number(row.value),
      units: weightUnits(Number(row.weight)),
      error: false,
    });
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
