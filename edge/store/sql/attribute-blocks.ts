import { mayHold } from '../block-filter.ts';
import { SLOTS_PER_BLOCK } from '../encoding/block.ts';
import type { SqlDriver } from './sql-driver.ts';

/** Microseconds since the part's base, both ends included. */
export interface StartWindow {
  from: number;
  to: number;
}

/** Blocks of traces that started in a window and may hold attributes of all these hashes: all others need not be read. */
export function blocksWith(driver: SqlDriver, hashes: readonly number[], { from, to }: StartWindow): Set<number> {
  const blocks = new Set<number>();
  const rows = driver.rows(
    `SELECT block_time.block, bits FROM block_time LEFT JOIN block_filter ON block_filter.block = block_time.block
     WHERE first <= ? AND last >= ?`,
    [to, from],
  );
  for (const { block, bits } of rows) {
    // The first version wrote blocks without a filter.
    if (bits === null || hashes.every((hash) => mayHold(bits as Uint8Array, hash))) blocks.add(Number(block));
  }
  return blocks;
}

/** Writes down when traces of a block started; `starts` in microseconds since the part's base, one at least. */
export function writeBlockTime(driver: SqlDriver, block: number, starts: readonly number[]): void {
  const first = starts.reduce((a, b) => Math.min(a, b));
  const last = starts.reduce((a, b) => Math.max(a, b));
  driver.run('INSERT INTO block_time(block, first, last) VALUES(?, ?, ?)', [block, first, last]);
}

/** Late spans may move the start of a trace: the blocks it already lies in are to be found under the new one as well. */
export function widenBlockTimes(driver: SqlDriver, trace: number, start: number): void {
  driver.run(
    `UPDATE block_time SET first = min(first, ?), last = max(last, ?) WHERE block IN (
       SELECT place / ${SLOTS_PER_BLOCK} FROM trace WHERE id = ?
       UNION SELECT place / ${SLOTS_PER_BLOCK} FROM fragment WHERE trace = ?
     )`,
    [start, start, trace, trace],
  );
}

/** Row ids of the traces that have something in these blocks. */
export function tracesIn(driver: SqlDriver, blocks: ReadonlySet<number>): number[] {
  const ids = new Set<number>();
  for (const block of blocks) {
    const places = [block * SLOTS_PER_BLOCK, (block + 1) * SLOTS_PER_BLOCK - 1];
    for (const { id } of driver.rows('SELECT id FROM trace WHERE place BETWEEN ? AND ?', places)) ids.add(Number(id));
    for (const { trace } of driver.rows('SELECT trace FROM fragment WHERE place BETWEEN ? AND ?', places))
      ids.add(Number(trace));
  }
  return [...ids];
}

/** Whether a trace, by its row, has something in one of these blocks. */
export function isIn(driver: SqlDriver, blocks: ReadonlySet<number>, id: number, place: number): boolean {
  if (blocks.has(Math.floor(place / SLOTS_PER_BLOCK))) return true;
  for (const fragment of driver.rows('SELECT place FROM fragment WHERE trace = ?', [id])) {
    if (blocks.has(Math.floor(Number(fragment.place) / SLOTS_PER_BLOCK))) return true;
  }
  return false;
}
