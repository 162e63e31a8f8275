import type { SessionFilter } from '../trace-store.ts';
import type { SqlDriver, SqlValue } from './sql-driver.ts';
import { WORD, type WordReader } from './words.ts';

/** A session and when it was last active here, epoch microseconds. */
export interface ActiveSession {
  sessionId: string;
  endUs: number;
}

/** Sessions of a part that may match, last active first. */
export function readSessions(
  driver: SqlDriver,
  words: WordReader,
  baseUs: number,
  filter: SessionFilter,
  limit: number,
): ActiveSession[] {
  const conditions = ['session <> 0'];
  const values: SqlValue[] = [];
  const add = (sql: string, value: SqlValue): void => {
    conditions.push(sql);
    values.push(value);
  };
  if (filter.fromMs !== undefined) add('start >= ?', filter.fromMs * 1000 - baseUs);
  if (filter.toMs !== undefined) add('start <= ?', filter.toMs * 1000 - baseUs);
  if (filter.userId !== undefined) {
    const id = words.id(WORD.person, filter.userId);
    if (id === undefined) return [];
    add('person = ?', id);
  }
  const { service } = filter;
  if (service !== undefined) {
    const ids = words.matching(WORD.services, (set) => JSON.parse(set).includes(service));
    add('services IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  }
  // Without errors can only be known of all parts together.
  const having = filter.error ? 'HAVING sum(errors) > 0' : '';
  const rows = driver.rows(
    `SELECT session, max(start + duration) AS latest FROM trace WHERE ${conditions.join(' AND ')}
     GROUP BY session ${having} ORDER BY latest DESC LIMIT ?`,
    [...values, limit],
  );
  return [...rows].map((row) => ({
    sessionId: words.text(Number(row.session)),
    endUs: Number(row.latest) + baseUs,
  }));
}
