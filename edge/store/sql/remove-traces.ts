import type { TraceId } from '../../../src/wire/ids.ts';
import type { LogRecord } from '../../otlp/records.ts';
import { addAttributeHashes } from '../attribute-hash.ts';
import { encodeBlockFilter } from '../block-filter.ts';
import { type Codec, decodeBlock, encodeBlock, SLOTS_PER_BLOCK } from '../encoding/block.ts';
import { type Chunk, ChunkEncoder, decodeChunk, ordinalsOf } from '../encoding/chunk.ts';
import { readBlock, writeBlock } from './block-rows.ts';
import { firstRow, type SqlDriver } from './sql-driver.ts';
import { traceKey } from './trace-row.ts';
import { removeVitals } from './vital-rows.ts';

export interface RemoveRequest {
  traceIds: readonly TraceId[];
  /** Log records of no trace that go as well. */
  isRemoved: (record: LogRecord) => boolean;
  codec: Codec | undefined;
}

/** Takes traces out of a part: their rows go, and the blocks that hold them are written anew without them. */
export function removeTraces(driver: SqlDriver, { traceIds, isRemoved, codec }: RemoveRequest): void {
  const emptied = new Map<number, Set<number>>();
  const empty = (place: number): void => {
    const block = Math.floor(place / SLOTS_PER_BLOCK);
    const slots = emptied.get(block) ?? new Set();
    emptied.set(block, slots.add(place % SLOTS_PER_BLOCK));
  };
  let traces = 0;
  let spans = 0;
  let logs = 0;
  for (const traceId of traceIds) {
    const row = firstRow(driver, 'SELECT id, place, spans, logs FROM trace WHERE trace_id = ?', [traceKey(traceId)]);
    if (!row) continue;
    const id = Number(row.id);
    empty(Number(row.place));
    for (const fragment of driver.rows('SELECT place FROM fragment WHERE trace = ?', [id]))
      empty(Number(fragment.place));
    driver.run('DELETE FROM fragment WHERE trace = ?', [id]);
    driver.run('DELETE FROM trace WHERE id = ?', [id]);
    removeVitals(driver, id);
    traces += 1;
    spans += Number(row.spans);
    logs += Number(row.logs);
  }
  for (const [block, slots] of emptied) {
    rewriteBlock(driver, block, codec, (chunks, slot) => (slots.has(slot) ? [] : chunks));
  }
  for (const row of [...driver.rows('SELECT place FROM loose', [])]) {
    const block = Math.floor(Number(row.place) / SLOTS_PER_BLOCK);
    rewriteBlock(driver, block, codec, (chunks) =>
      chunks.map((chunk) => {
        const content = decodeChunk(chunk, '');
        const kept = content.logs.filter((record) => !isRemoved(record));
        logs += content.logs.length - kept.length;
        return kept.length === content.logs.length ? chunk : encodeLogs({ ...content, logs: kept });
      }),
    );
  }
  driver.run('UPDATE total SET traces = traces - ?, spans = spans - ?, logs = logs - ?', [traces, spans, logs]);
}

function rewriteBlock(
  driver: SqlDriver,
  block: number,
  codec: Codec | undefined,
  change: (chunks: Chunk[], slot: number) => Chunk[],
): void {
  const slots = decodeBlock(readBlock(driver, block)).map(change);
  writeBlock(driver, block, encodeBlock(slots, codec));
  // The old filter would still tell what was there.
  driver.run('UPDATE block_filter SET bits = ? WHERE block = ?', [
    encodeBlockFilter([...hashesOf(slots.flat())]),
    block,
  ]);
}

function hashesOf(chunks: readonly Chunk[]): Set<number> {
  const hashes = new Set<number>();
  for (const chunk of chunks) {
    const { spans, logs } = decodeChunk(chunk, '');
    for (const { span } of spans) addAttributeHashes(hashes, span.attributes);
    for (const { log } of logs) addAttributeHashes(hashes, log.attributes);
    for (const { resource } of [...spans, ...logs]) addAttributeHashes(hashes, resource.attributes);
  }
  return hashes;
}

function encodeLogs(content: Parameters<ChunkEncoder['encode']>[0]): Chunk {
  const encoder = new ChunkEncoder();
  encoder.encode(content, ordinalsOf(content.spans));
  return { ids: encoder.ids.copy(), body: encoder.body.copy() };
}
