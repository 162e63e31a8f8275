import type { TraceId } from '../../../src/wire/ids.ts';
import { createAttributeSearch } from '../attribute-search.ts';
import { decodeBlock, SLOTS_PER_BLOCK } from '../encoding/block.ts';
import type { Chunk } from '../encoding/chunk.ts';
import type { Search } from '../search.ts';
import type { ActiveSession } from '../sessions.ts';
import { isByVital, type Statistics } from '../statistics.ts';
import type { SummaryState } from '../summary.ts';
import type { Totals } from '../totals.ts';
import type { SessionFilter, StatisticsQuery } from '../trace-store.ts';
import { readBlock } from './block-rows.ts';
import { readRollups } from './rollup-rows.ts';
import { searchTraces } from './search-traces.ts';
import { readSessions, readSessionTraces } from './session-rows.ts';
import { firstRow, type SqlDriver } from './sql-driver.ts';
import { fromRow, TRACE_COLUMNS, traceKey } from './trace-row.ts';
import { readTargets, readVitals } from './vital-rows.ts';
import { WordReader } from './words.ts';

/** Of a quarter of a megabyte each. */
const MAX_KEPT_BLOCKS = 4;

/** Reads a part; any number of readers may be open beside its writer. */
export class PartReader {
  readonly #driver: SqlDriver;
  #words: WordReader;
  readonly #baseUs: number;
  // Traces that are near each other are read together: replay after a crash, resent batches, a search by attribute. The one that
  // was read last stands last.
  readonly #blocks = new Map<number, Chunk[][]>();

  constructor(driver: SqlDriver) {
    this.#driver = driver;
    this.#words = new WordReader(driver);
    this.#baseUs = Number(firstRow(driver, 'SELECT base_us FROM total')?.base_us);
  }

  summary(traceId: TraceId): SummaryState | undefined {
    const sql = `SELECT id, ${TRACE_COLUMNS} FROM trace WHERE trace_id = ?`;
    const row = firstRow(this.#driver, sql, [traceKey(traceId)]);
    if (!row) return undefined;
    const state = fromRow(row, this.#baseUs, this.#words);
    readTargets(this.#driver, this.#words, Number(row.id), state);
    return state;
  }

  /** Everything of a trace in the order it was written; empty when there is nothing. */
  chunks(traceId: TraceId): Chunk[] {
    const trace = firstRow(this.#driver, 'SELECT id, place FROM trace WHERE trace_id = ?', [traceKey(traceId)]);
    if (!trace) return [];
    const places = [Number(trace.place)];
    for (const row of this.#driver.rows('SELECT place FROM fragment WHERE trace = ?', [Number(trace.id)])) {
      places.push(Number(row.place));
    }
    return places.flatMap((place) => this.#slot(place));
  }

  /** Traces that match, newest start first; with attributes, those that may match. */
  *search(search: Search): Generator<SummaryState> {
    const { needles } = createAttributeSearch(search.attributes);
    const mayMeet = (block: number): boolean =>
      needles.length === 0 ||
      this.block(block).some((chunks) => chunks.some(({ body }) => needles.every((needle) => body.includes(needle))));
    for (const row of searchTraces(this.#driver, this.#words, this.#baseUs, search, mayMeet)) {
      yield fromRow(row, this.#baseUs, this.#words);
    }
  }

  /** Sessions that may match, last active first. */
  sessions(filter: SessionFilter, limit: number): ActiveSession[] {
    return readSessions(this.#driver, this.#words, this.#baseUs, filter, limit);
  }

  /** All traces of some sessions, in any order. */
  sessionTraces(sessionIds: readonly string[]): Iterable<SummaryState> {
    return readSessionTraces(this.#driver, this.#words, this.#baseUs, sessionIds);
  }

  /** Adds what the part counted to the rows of a query. */
  statistics(query: StatisticsQuery, into: Statistics): void {
    const { rollups, reduce } = into;
    if (isByVital(query)) readVitals(this.#driver, this.#words, this.#baseUs, query, rollups, reduce);
    else readRollups(this.#driver, this.#words, query, rollups, reduce);
  }

  /** Forgets what it keeps of a file that was changed other than by adding. */
  reset(): void {
    this.#blocks.clear();
    this.#words = new WordReader(this.#driver);
  }

  hasLooseKey(key: number): boolean {
    return firstRow(this.#driver, 'SELECT 1 FROM loose_key WHERE key = ?', [key]) !== undefined;
  }

  *traceIds(): Generator<Uint8Array> {
    for (const row of this.#driver.rows('SELECT trace_id FROM trace', [])) yield row.trace_id as Uint8Array;
  }

  totals(): Totals {
    const total = firstRow(this.#driver, 'SELECT traces, spans, logs FROM total');
    // Two statements: each is one step in the index, both together read all of it.
    const oldest = firstRow(this.#driver, 'SELECT min(start) AS start FROM trace')?.start;
    const newest = firstRow(this.#driver, 'SELECT max(start) AS start FROM trace')?.start;
    const totals: Totals = {
      traces: Number(total?.traces),
      spans: Number(total?.spans),
      logs: Number(total?.logs),
    };
    if (typeof oldest === 'number') totals.oldestMs = (oldest + this.#baseUs) / 1000;
    if (typeof newest === 'number') totals.newestMs = (newest + this.#baseUs) / 1000;
    return totals;
  }

  /** The chunks of each slot of a block. */
  block(id: number): readonly (readonly Chunk[])[] {
    const slots = this.#blocks.get(id) ?? decodeBlock(readBlock(this.#driver, id));
    this.#blocks.delete(id);
    this.#blocks.set(id, slots);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > MAX_KEPT_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    return slots;
  }

  #slot(place: number): readonly Chunk[] {
    return this.block(Math.floor(place / SLOTS_PER_BLOCK))[place % SLOTS_PER_BLOCK] ?? [];
  }
}
