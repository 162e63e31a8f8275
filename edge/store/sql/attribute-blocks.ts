import { mayHold } from '../block-filter.ts';
import { SLOTS_PER_BLOCK } from '../encoding/block.ts';
import type { SqlDriver } from './sql-driver.ts';

/** Blocks that may hold attributes of all these hashes: all others need not be read. */
export function blocksWith(driver: SqlDriver, hashes: readonly number[]): Set<number> {
  const blocks = new Set<number>();
  for (const { block, bits } of driver.rows('SELECT block, bits FROM block_filter', [])) {
    if (hashes.every((hash) => mayHold(bits as Uint8Array, hash))) blocks.add(Number(block));
  }
  // Older versions wrote blocks without a filter.
  for (const { id } of driver.rows('SELECT id FROM block WHERE id NOT IN (SELECT block FROM block_filter)', []))
    blocks.add(Number(id));
  return blocks;
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
