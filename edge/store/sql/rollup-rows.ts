import { CountedRoutes } from '../counted-routes.ts';
import { MEASURES, type RollupKey, type Rollups } from '../rollup.ts';
import type { StatisticsQuery } from '../trace-store.ts';
import type { SqlDriver, SqlValue } from './sql-driver.ts';
import { WORD, WordReader, type WordWriter } from './words.ts';

const HOUR_MS = 3_600_000;

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
  // A day of some routes is thousands of rows: a row for each is what takes the time. What the query does not tell apart may come
  // with any of its values. By service as well, so that no row gets too long.
  const by = new Set([...(query.by ?? []), 'service']);
  const columns = (['hour', 'service', 'route', 'device'] as const).filter((column) => by.has(column));
  const rows = driver.rows(
    `SELECT min(hour) AS hour, min(service) AS service, min(route) AS route, min(device) AS device, sum(units) AS units,
       sum(error_units) AS error_units, sum(sum) AS sum, group_concat(hex(histogram)) AS histograms
     FROM rollup WHERE ${conditions.join(' AND ')} GROUP BY ${columns.join(', ')}`,
    values,
  );
  for (const row of rows) {
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
    for (const histogram of String(row.histograms).split(',')) {
      rollup.histogram.mergeEncoded(Buffer.from(histogram, 'hex'));
    }
  }
}
