import { MEASURES } from '../rollup.ts';
import type { SummaryState } from '../summary.ts';
import { VITAL_NAMES, VITAL_SCALE, type Vitals } from '../web-vital.ts';
import type { SqlDriver } from './sql-driver.ts';
import { WORD, type WordReader, type WordWriter } from './words.ts';

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

/** Takes the vitals of a trace out. */
export function removeVitals(driver: SqlDriver, trace: number): void {
  for (const vital of VITAL_NAMES) {
    driver.run('DELETE FROM vital WHERE measure = ? AND trace = ?', [MEASURES.indexOf(vital), trace]);
  }
}
