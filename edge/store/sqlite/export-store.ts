import type { TraceId } from '../../../src/wire/ids.ts';
import type { LogRecord, SpanRecord } from '../../otlp/records.ts';
import { SLOTS_PER_BLOCK } from '../encoding/block.ts';
import { type Chunk, decodeChunk } from '../encoding/chunk.ts';
import { firstRow } from '../sql/sql-driver.ts';
import type { Trust } from '../trace-store.ts';
import { findStore, type OpenPart, readJournal, withPart } from './stored-files.ts';

/** Records of one trace (or of none) that came from senders of one trust. */
export interface ExportedRecords {
  trust: Trust;
  receivedAtMs: number;
  spans: SpanRecord[];
  logs: LogRecord[];
}

/**
 * Everything in a store, also while a collector writes to it. What moves from the journal into a part meanwhile may come
 * twice: who takes it in stores it once.
 * @throws {StoreOpenError} when there is no store
 */
export async function exportStore(
  directory: string,
  write: (records: ExportedRecords) => Promise<void>,
  report: (message: string) => void,
): Promise<void> {
  // Read before the parts, so that nothing is missed in between.
  const waiting = [...readJournal(findStore(directory).journal, report)];
  for (const path of findStore(directory).parts) await withPart(path, (part) => exportPart(part, write));
  for (const { traceId, chunk, receivedAtMs } of waiting) await write({ receivedAtMs, ...decodeChunk(chunk, traceId) });
}

async function exportPart(part: OpenPart, write: (records: ExportedRecords) => Promise<void>): Promise<void> {
  const { driver, reader } = part;
  driver.exec('BEGIN');
  const fromMs = Number(firstRow(driver, 'SELECT base_us FROM total')?.base_us) / 1000;
  for (const row of driver.rows('SELECT trace_id, updated FROM trace ORDER BY place', [])) {
    const traceId = Buffer.from(row.trace_id as Uint8Array).toString('hex');
    const receivedAtMs = fromMs + Number(row.updated);
    for (const records of byTrust(traceId, reader.chunks(traceId))) await write({ receivedAtMs, ...records });
  }
  for (const row of driver.rows('SELECT place FROM loose', [])) {
    const chunks = reader.block(Math.floor(Number(row.place) / SLOTS_PER_BLOCK)).flat();
    for (const records of byTrust('', chunks)) await write({ receivedAtMs: fromMs, ...records });
  }
  driver.exec('COMMIT');
}

function byTrust(traceId: TraceId | '', chunks: readonly Chunk[]): Omit<ExportedRecords, 'receivedAtMs'>[] {
  const contents = chunks.map((chunk) => decodeChunk(chunk, traceId));
  return (['trusted', 'public'] as const).flatMap((trust) => {
    const own = contents.filter((content) => content.trust === trust);
    const spans = own.flatMap((content) => content.spans);
    const logs = own.flatMap((content) => content.logs);
    return spans.length + logs.length === 0 ? [] : [{ trust, spans, logs }];
  });
}
