import type { TraceId } from '../../src/wire/ids.ts';
import { type Chunk, decodeChunk } from './encoding/chunk.ts';
import { logKey } from './encoding/fingerprint.ts';
import type { StoredTrace } from './trace-store.ts';

/**
 * The records of a trace's chunks. A chunk may be seen twice while it moves from memory to a block; its records are
 * answered once.
 */
export function readStoredTrace(traceId: TraceId, chunks: readonly Chunk[]): StoredTrace | undefined {
  if (chunks.length === 0) return undefined;
  const trace: StoredTrace = { traceId, spans: [], logs: [] };
  const seen = new Set<string>();
  const isNew = (key: string): boolean => !seen.has(key) && seen.add(key) !== undefined;
  for (const chunk of chunks) {
    const { spans, logs } = decodeChunk(chunk, traceId);
    for (const record of spans) if (isNew(record.span.spanId)) trace.spans.push(record);
    for (const record of logs) if (isNew(`log ${logKey(record)}`)) trace.logs.push(record);
  }
  return trace;
}
