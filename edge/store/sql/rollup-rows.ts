import { CountedRoutes } from '../counted-routes.ts';
import { MEASURES, type Rollup, type RollupKey, type Rollups } from '../rollup.ts';
import type { StatisticsQuery } from '../trace-store.ts';
import { firstRow, type SqlDriver, type SqlValue } from './sql-driver.ts';
import { WORD, WordReader, type WordWriter } from './words.ts';

const HOUR_MS = 3_600_000;
const KEY = 'measure = ? AND hour = ? AND service = ? AND route = ? AND device = ?';

/** What a part tells apart already; what comes to that is written down. */
export function readCounted(driver: SqlDriver, words: WordWriter): CountedRoutes {
  const known: [string, string][] = [];
  const reader = new WordReader(driver);
  for (const { service, route } of driver.rows('SELECT service, route FROM counted', [])) {
    known.push([reader.text(Number(service)), reader.text(Number(route))]);
  }
  return new CountedRoutes(known, (service, route) => {
    driver.run('INSERT INTO counted(service, route) VALUES(?, ?)', [
      words.id(WORD.service, service),
      words.id(WORD.route, route),
    ]);
  });
}

/** Adds a rollup to the one that is there; what adds up to nothing is deleted. */
export function writeRollup(driver: SqlDriver, words: WordWriter, key: RollupKey, rollup: Rollup): void {
  const values: SqlValue[] = [
    MEASURES.indexOf(key.measure),
    key.hour,
    words.id(WORD.service, key.service),
    words.id(WORD.route, key.route),
    words.id(WORD.device, key.device),
  ];
  const { histogram } = rollup;
  let { units, errorUnits, sum } = rollup;
  const row = firstRow(driver, `SELECT units, error_units, sum, histogram FROM rollup WHERE ${KEY}`, values);
  if (row) {
    units += Number(row.units);
    errorUnits += Number(row.error_units);
    sum += Number(row.sum);
    histogram.mergeEncoded(row.histogram as Uint8Array);
  }
  if (units <= 0) driver.run(`DELETE FROM rollup WHERE ${KEY}`, values);
  else {
    driver.run(
      `INSERT OR REPLACE INTO rollup(measure, hour, service, route, device, units, error_units, sum, histogram)
       VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [...values, units, errorUnits, sum, histogram.encode()],
    );
  }
}

/** Adds the part's rollups that a query asks for to `into`, under the keys `reduce` makes of theirs. */
export function readRollups(
  driver: SqlDriver,
  words: WordReader,
  query: StatisticsQuery,
  into: Rollups,
  reduce: (key: RollupKey) => RollupKey,
): void {
  const conditions = ['measure = ?', 'hour BETWEEN ? AND ?'];
  const values: SqlValue[] = [
    MEASURES.indexOf(query.measure),
    Math.floor(query.fromMs / HOUR_MS),
    Math.floor(query.toMs / HOUR_MS),
  ];
  for (const column of ['service', 'route', 'device'] as const) {
    const text = query[column];
    if (text === undefined) continue;
    const id = words.id(WORD[column], text);
    if (id === undefined) return;
    conditions.push(`${column} = ?`);
    values.push(id);
  }
  for (const row of driver.rows(`SELECT * FROM rollup WHERE ${conditions.join(' AND ')}`, values)) {
    const rollup = into.of(
      reduce({
        measure: query.measure,
        hour: Number(row.hour),
        service: words.text(Number(row.service)),
        route: words.text(Number(row.route)),
        device: words.text(Number(row.device)),
      }),
    );
    rollup.units += Number(row.units);
    rollup.errorUnits += Number(row.error_units);
    rollup.sum += Number(row.sum);
    rollup.histogram.mergeEncoded(row.histogram as Uint8Array);
  }
}
