import { decodeChunk } from '../encoding/chunk.ts';
import { firstRow } from '../sql/sql-driver.ts';
import { reason } from './store-file.ts';
import { findStore, type OpenPart, readJournal, withPart } from './stored-files.ts';

export interface CheckResult {
  parts: number;
  traces: number;
  spans: number;
  /** What is wrong, one sentence each; empty when all is well. */
  problems: string[];
}

/**
 * Reads every byte of a store, also while a collector writes to it, and compares what is there with what is counted.
 * @throws {StoreOpenError} when there is no store
 */
export async function checkStore(directory: string): Promise<CheckResult> {
  const { journal, parts } = findStore(directory);
  const result: CheckResult = { parts: parts.length, traces: 0, spans: 0, problems: [] };
  for (const path of parts) {
    try {
      await withPart(path, (part) => checkPart(part, result));
    } catch (error) {
      result.problems.push(`${path}: ${reason(error)}.`);
    }
  }
  try {
    for (const { traceId, chunk } of readJournal(journal, (message) => result.problems.push(message))) {
      decodeChunk(chunk, traceId);
    }
  } catch (error) {
    result.problems.push(`The journal in ${journal}: ${reason(error)}.`);
  }
  return result;
}

function checkPart({ path, driver, reader }: OpenPart, result: CheckResult): void {
  // One view of the part, whatever is written meanwhile.
  driver.exec('BEGIN');
  for (const row of driver.rows('PRAGMA integrity_check', [])) {
    if (row.integrity_check !== 'ok') result.problems.push(`${path}: ${row.integrity_check}.`);
  }
  let traces = 0;
  let spans = 0;
  for (const row of driver.rows('SELECT trace_id, spans, logs FROM trace ORDER BY place', [])) {
    const traceId = Buffer.from(row.trace_id as Uint8Array).toString('hex');
    traces += 1;
    try {
      const contents = reader.chunks(traceId).map((chunk) => decodeChunk(chunk, traceId));
      const spanCount = contents.reduce((sum, content) => sum + content.spans.length, 0);
      const logCount = contents.reduce((sum, content) => sum + content.logs.length, 0);
      spans += spanCount;
      if (spanCount !== row.spans || logCount !== row.logs) {
        result.problems.push(
          `${path}: trace ${traceId} has ${spanCount} spans and ${logCount} log records, but ${row.spans} and ${row.logs} were counted.`,
        );
      }
    } catch (error) {
      result.problems.push(`${path}: trace ${traceId} cannot be read: ${reason(error)}.`);
    }
  }
  const total = firstRow(driver, 'SELECT traces, spans FROM total');
  if (total?.traces !== traces || total.spans !== spans) {
    result.problems.push(
      `${path}: ${traces} traces with ${spans} spans, but ${total?.traces} and ${total?.spans} were counted.`,
    );
  }
  driver.exec('COMMIT');
  result.traces += traces;
  result.spans += spans;
}
