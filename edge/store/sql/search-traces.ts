import { isBrowser } from '../../trace/browser-name.ts';
import { conditionHashes } from '../attribute-hash.ts';
import { SLOTS_PER_BLOCK } from '../encoding/block.ts';
import type { Search } from '../search.ts';
import { blocksWith, type FoundBlock } from './attribute-blocks.ts';
import type { SqlDriver, SqlRow, SqlValue } from './sql-driver.ts';
import { TRACE_COLUMNS, traceKey } from './trace-row.ts';
import { NO_WORD, WORD, type WordReader } from './words.ts';

// An index that lists one value's traces by start is walked once a value; beyond this many, the time index is.
const MAX_WALKS = 16;
// What makes `trace_slow` apply; the number stands in the index.
const SLOW_US = 1_000_000;

interface Condition {
  column: string;
  sql: string;
  values: SqlValue[];
}

interface Access {
  /** '' for the row id. */
  index: string;
  /** One walk a value when the index leads with this column. */
  column?: string;
  ids?: readonly number[];
}

interface Plan {
  access: Access;
  conditions: Condition[];
}

/**
 * Rows that match, newest start first; with attributes, those that may match. Which index is walked is decided here, not
 * left to the planner.
 * @param mayMeet looks into a block whose filter lets it through; what it denies is left out
 */
export function searchTraces(
  driver: SqlDriver,
  words: WordReader,
  baseUs: number,
  search: Search,
  mayMeet: (block: number) => boolean,
): Iterable<SqlRow> {
  const plan = planSearch(words, baseUs, search);
  if (!plan) return [];
  if (search.attributes.length === 0) return walkAll(driver, plan);
  const latestUs = Math.min(search.toUs, search.after?.startUs ?? search.toUs);
  const window = { from: finite(search.fromUs - baseUs), to: finite(latestUs - baseUs) };
  const blocks = blocksWith(driver, conditionHashes(search.attributes), window);
  return walkBlocks(driver, blocks, mayMeet, plan.conditions);
}

// A window without an end is one that ends beyond what a store takes for a time.
function finite(us: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, us));
}

/** Rows of the traces in some blocks, newest first: no block is read before its turn has come. */
function* walkBlocks(
  driver: SqlDriver,
  blocks: Iterable<FoundBlock>,
  mayMeet: (block: number) => boolean,
  conditions: readonly Condition[],
): Generator<SqlRow> {
  const found = new Set<number>();
  // Newest last.
  const waiting: SqlRow[] = [];
  for (const { id, last } of blocks) {
    // What is in this block and those after it started no later than `last`.
    while (Number(waiting.at(-1)?.start) > last) yield waiting.pop() as SqlRow;
    if (!mayMeet(id)) continue;
    for (const row of rowsIn(driver, id, conditions)) {
      if (found.has(Number(row.id))) continue;
      found.add(Number(row.id));
      waiting.push(row);
    }
    waiting.sort((a, b) => (isNewer(a, b) ? 1 : -1));
  }
  while (waiting.length > 0) yield waiting.pop() as SqlRow;
}

/** Traces that have something in a block. */
function rowsIn(driver: SqlDriver, block: number, conditions: readonly Condition[]): Iterable<SqlRow> {
  const places = [block * SLOTS_PER_BLOCK, (block + 1) * SLOTS_PER_BLOCK - 1];
  const ids = `SELECT id FROM trace WHERE place BETWEEN ? AND ?
    UNION SELECT trace FROM fragment WHERE place BETWEEN ? AND ?`;
  const inBlock = { column: 'id', sql: `id IN (${ids})`, values: [...places, ...places] };
  return walk(driver, '', [inBlock, ...conditions]);
}

function walkAll(driver: SqlDriver, { access, conditions }: Plan): Iterable<SqlRow> {
  if (!access.ids) return walk(driver, access.index, conditions);
  const others = conditions.filter(({ column }) => column !== access.column);
  const walks = access.ids.map((id) =>
    walk(driver, access.index, [{ column: '', sql: `${access.column} = ?`, values: [id] }, ...others]),
  );
  return mergeWalks(walks);
}

/** `undefined` when nothing can match, because a text of the filter is in no trace. */
function planSearch(words: WordReader, baseUs: number, search: Search): Plan | undefined {
  const { filter } = search;
  const conditions = rangeConditions(search, baseUs);
  // The last to be set wins: what usually leaves fewest rows comes last.
  let access: Access = { index: 'trace_start' };
  const add = (column: string, sql: string, ...values: SqlValue[]): void => {
    conditions.push({ column, sql: `${column} ${sql}`, values });
  };
  const addIds = (column: string, index: string, ids: readonly number[]): boolean => {
    add(column, 'IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
    if (ids.length <= MAX_WALKS) access = { index, column, ids };
    return ids.length > 0;
  };

  const { service } = filter;
  if (service !== undefined) {
    const ids = words.matching(WORD.services, (set) => JSON.parse(set).includes(service));
    if (!addIds('services', 'trace_services', ids)) return undefined;
  }
  if (search.name !== '') {
    const ids = words.matching(WORD.name, (name) => name.toLowerCase().includes(search.name));
    if (!addIds('name', 'trace_name', ids)) return undefined;
  }
  if (filter.activity !== undefined) {
    const id = words.id(WORD.activity, filter.activity);
    if (id === undefined) return undefined;
    add('activity', '= ?', id);
  }
  for (const column of ['device', 'country', 'release'] as const) {
    const text = filter[column];
    if (text === undefined) continue;
    const id = words.id(WORD[column], text);
    if (id === undefined) return undefined;
    add(column, '= ?', id);
  }
  const { browser } = filter;
  if (browser === '') add('browser', '= ?', NO_WORD);
  else if (browser !== undefined) {
    const ids = words.matching(WORD.browser, (known) => isBrowser(known, browser));
    if (ids.length === 0) return undefined;
    add('browser', 'IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  }
  if (search.minDurationUs >= SLOW_US) {
    add('duration', `>= ${SLOW_US}`);
    access = { index: 'trace_slow' };
  }
  if (filter.error !== undefined) {
    add('errors', filter.error ? '> 0' : '= 0');
    if (filter.error) access = { index: 'trace_error' };
  }
  if (filter.route !== undefined) {
    const id = words.id(WORD.route, filter.route);
    if (id === undefined) return undefined;
    addIds('route', 'trace_route', [id]);
  }
  if (filter.updatedAfterMs !== undefined) {
    add('updated', '> ?', Math.round(filter.updatedAfterMs - baseUs / 1000));
    access = { index: 'trace_updated' };
  }
  for (const [column, kind, text] of [
    ['session', WORD.session, filter.sessionId],
    ['person', WORD.person, filter.userId],
  ] as const) {
    if (text === undefined) continue;
    const id = words.id(kind, text);
    if (id === undefined) return undefined;
    add(column, '= ?', id);
    if (id === NO_WORD) continue;
    add(column, '<> 0');
    access = { index: `trace_${column}` };
  }
  return { access, conditions };
}

function rangeConditions(search: Search, baseUs: number): Condition[] {
  const conditions: Condition[] = [];
  const add = (column: string, operator: string, value: number): void => {
    if (Number.isFinite(value)) conditions.push({ column, sql: `${column} ${operator} ?`, values: [value] });
  };
  add('start', '>=', search.fromUs - baseUs);
  const { after } = search;
  add('start', '<=', Math.min(search.toUs, after?.startUs ?? Number.POSITIVE_INFINITY) - baseUs);
  if (after) {
    const values = [after.startUs - baseUs, traceKey(after.traceId)];
    conditions.push({ column: 'start', sql: '(start < ? OR trace_id < ?)', values });
  }
  if (search.minDurationUs > 0) add('duration', '>=', search.minDurationUs);
  add('duration', '<=', search.maxDurationUs);
  return conditions;
}

function walk(driver: SqlDriver, index: string, conditions: readonly Condition[]): Iterable<SqlRow> {
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
  const by = index === '' ? 'NOT INDEXED' : `INDEXED BY ${index}`;
  return driver.rows(
    `SELECT id, ${TRACE_COLUMNS} FROM trace ${by} ${where} ORDER BY start DESC, trace_id DESC`,
    conditions.flatMap(({ values }) => values),
  );
}

function* mergeWalks(walks: readonly Iterable<SqlRow>[]): Generator<SqlRow> {
  const heads: { row: SqlRow; rest: Iterator<SqlRow> }[] = [];
  const advance = (rest: Iterator<SqlRow>): void => {
    const next = rest.next();
    if (!next.done) heads.push({ row: next.value, rest });
  };
  for (const rows of walks) advance(rows[Symbol.iterator]());
  while (heads.length > 0) {
    let best = 0;
    for (let i = 1; i < heads.length; i += 1) if (isNewer(heads[i]?.row, heads[best]?.row)) best = i;
    const [head] = heads.splice(best, 1);
    if (!head) return;
    yield head.row;
    advance(head.rest);
  }
}

function isNewer(a: SqlRow | undefined, b: SqlRow | undefined): boolean {
  const later = Number(a?.start) - Number(b?.start);
  if (later !== 0) return later > 0;
  return Buffer.compare(a?.trace_id as Uint8Array, b?.trace_id as Uint8Array) > 0;
}
