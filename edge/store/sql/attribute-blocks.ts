import { mayHold } from '../block-filter.ts';
import { SLOTS_PER_BLOCK } from '../encoding/block.ts';
import { firstRow, type SqlDriver } from './sql-driver.ts';

/** Microseconds since the part's base, both ends included. */
export interface StartWindow {
  from: number;
  to: number;
}

export interface FoundBlock {
  id: number;
  /** The latest start of a trace in it. */
  last: number;
}

/**
 * Blocks of traces that started in a window and may hold attributes of all these hashes, in the order of their latest
 * traces, newest first; all others need not be read.
 */
export function* blocksWith(
  driver: SqlDriver,
  hashes: readonly number[],
  { from, to }: StartWindow,
): Generator<FoundBlock> {
  const inWindow = driver.rows('SELECT block, last FROM block_time WHERE first <= ? AND last >= ? ORDER BY last DESC', [
    to,
    from,
  ]);
  for (const { block, last } of inWindow) {
    const bits = firstRow(driver, 'SELECT bits FROM block_filter WHERE block = ?', [Number(block)])?.bits;
    // The first version wrote blocks without a filter.
    if (bits === undefined || hashes.every((hash) => mayHold(bits as Uint8Array, hash))) {
      yield { id: Number(block), last: Number(last) };
    }
  }
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
