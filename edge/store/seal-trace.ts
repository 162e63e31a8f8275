import { decodeChunk } from './encoding/chunk.ts';
import { logKey, looseKey } from './encoding/fingerprint.ts';
import type { LiveTrace } from './live-trace.ts';
import type { SealedLoose, SealedTrace } from './sql/part-writer.ts';

/** What of a trace is in no block yet, ready for one. */
export function sealTrace(trace: LiveTrace<unknown>): SealedTrace {
  let newSpans = 0;
  let newLogs = 0;
  for (const { spans, logs } of trace.chunks) {
    newSpans += spans;
    newLogs += logs;
  }
  const { state, chunks, stored } = trace;
  return { state, chunks, before: stored, requests: chunks.flatMap(({ requests }) => requests), newSpans, newLogs };
}

/** The same for the log records that belong to no trace. */
export function sealLoose({ chunks }: LiveTrace<unknown>): SealedLoose {
  const records = chunks.flatMap((chunk) => decodeChunk(chunk, '').logs);
  return { chunks, keys: records.map((record) => looseKey(logKey(record))), newLogs: records.length };
}

/** Traces in groups of at least `groupBytes`, but for the last. */
export function* groupTraces<T extends LiveTrace<unknown>>(traces: readonly T[], groupBytes: number): Generator<T[]> {
  let group: T[] = [];
  let bytes = 0;
  for (const trace of traces) {
    group.push(trace);
    bytes += trace.bytes;
    if (bytes < groupBytes) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
