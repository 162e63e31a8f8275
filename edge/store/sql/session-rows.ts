import type { ActiveSession } from '../sessions.ts';
import type { SummaryState } from '../summary.ts';
import type { SessionFilter } from '../trace-store.ts';
import { firstRow, type SqlDriver, type SqlValue } from './sql-driver.ts';
import { fromRow, TRACE_COLUMNS } from './trace-row.ts';
import { NO_WORD, WORD, type WordReader } from './words.ts';

interface Condition {
  sql: string;
  values: SqlValue[];
}

/** The latest sessions are looked for in so much time, then in more and more of it: a day has tens of thousands. */
const FIRST_STRETCH_US = 5 * 60_000_000;
const STRETCH_GROWTH = 8;

/** Sessions of a part that may match, last active first: by their latest traces. */
export function readSessions(
  driver: SqlDriver,
  words: WordReader,
  baseUs: number,
  filter: SessionFilter,
  limit: number,
): ActiveSession[] {
  const within = startsWithin(driver, baseUs, filter);
  const conditions = within && sessionConditions(words, filter, within);
  if (!conditions) return [];
  const read = (index: string, from: number): ActiveSession[] => {
    const all = [...conditions, { sql: 'start BETWEEN ? AND ?', values: [from, within.to] }];
    const rows = driver.rows(
      `SELECT session, max(start + duration) AS latest FROM trace INDEXED BY ${index}
       WHERE ${all.map(({ sql }) => sql).join(' AND ')} GROUP BY session ORDER BY latest DESC LIMIT ?`,
      [...all.flatMap(({ values }) => values), limit],
    );
    return Array.from(rows, ({ session, latest }) => {
      return { sessionId: words.text(Number(session)), endUs: Number(latest) + baseUs };
    });
  };
  // A person has few.
  if (filter.userId) return read('trace_person', within.from);
  for (let stretchUs = FIRST_STRETCH_US; ; stretchUs *= STRETCH_GROWTH) {
    const from = Math.max(within.from, within.to - stretchUs);
    const sessions = read('trace_start', from);
    if (sessions.length >= limit || from === within.from) return sessions;
  }
}

/** All traces of some sessions, in any order. */
export function* readSessionTraces(
  driver: SqlDriver,
  words: WordReader,
  baseUs: number,
  sessionIds: readonly string[],
): Generator<SummaryState> {
  const ids = words.ids(WORD.session, sessionIds);
  if (ids.length === 0) return;
  const sql = `SELECT id, ${TRACE_COLUMNS} FROM trace INDEXED BY trace_session
    WHERE session IN (SELECT value FROM json_each(?)) AND session <> 0`;
  for (const row of driver.rows(sql, [JSON.stringify(ids)])) yield fromRow(row, baseUs, words);
}

interface Starts {
  from: number;
  to: number;
}

/** The filter's window as far as the part has traces in it; `undefined` when it has none. */
function startsWithin(driver: SqlDriver, baseUs: number, { fromMs, toMs }: SessionFilter): Starts | undefined {
  const oldest = firstRow(driver, 'SELECT min(start) AS start FROM trace')?.start;
  const newest = firstRow(driver, 'SELECT max(start) AS start FROM trace')?.start;
  if (typeof oldest !== 'number' || typeof newest !== 'number') return undefined;
  const from = Math.max(oldest, fromMs === undefined ? oldest : fromMs * 1000 - baseUs);
  const to = Math.min(newest, toMs === undefined ? newest : toMs * 1000 - baseUs);
  return from <= to ? { from, to } : undefined;
}

/** `undefined` when nothing can match. */
function sessionConditions(words: WordReader, filter: SessionFilter, { from, to }: Starts): Condition[] | undefined {
  const conditions: Condition[] = [{ sql: 'session <> 0', values: [] }];
  const { service, userId, error } = filter;
  if (userId !== undefined) {
    const id = words.id(WORD.person, userId);
    if (id === undefined) return undefined;
    conditions.push({ sql: id === NO_WORD ? 'person = ?' : 'person = ? AND person <> 0', values: [id] });
  }
  if (service !== undefined) {
    const ids = words.matching(WORD.services, (set) => JSON.parse(set).includes(service));
    conditions.push({ sql: 'services IN (SELECT value FROM json_each(?))', values: [JSON.stringify(ids)] });
  }
  // Without errors can only be known of all parts together.
  if (error) {
    const sql =
      'session IN (SELECT session FROM trace INDEXED BY trace_error WHERE errors > 0 AND start BETWEEN ? AND ?)';
    conditions.push({ sql, values: [from, to] });
  }
  return conditions;
}
