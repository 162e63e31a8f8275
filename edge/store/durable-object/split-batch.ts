import type { TraceId } from '../../../src/wire/ids.ts';
import type { LogRecord, SpanRecord } from '../../otlp/records.ts';
import { logKey } from '../encoding/fingerprint.ts';
import type { PackedBatch, PackedTrace } from '../packing/packed-batch.ts';
import type { AcceptedBatch } from '../trace-store.ts';

/** What of a batch goes to one shard, by trace id; '' for log records of no trace. */
export type ShardBatch = Map<TraceId | '', { spans: SpanRecord[]; logs: LogRecord[] }>;

/** Names the shard of a trace, and that of a log record of no trace by what makes it the same when it comes again. */
export interface ShardChooser {
  trace(traceId: TraceId): string;
  looseLog(logKey: string): string;
}

/** Sorts the records of a batch by their shards. */
export function splitBatch(batch: AcceptedBatch, shardOf: ShardChooser): Map<string, ShardBatch> {
  const shards = new Map<string, ShardBatch>();
  const placeOf = (shard: string, traceId: TraceId | '') => {
    const own: ShardBatch = shards.get(shard) ?? new Map();
    shards.set(shard, own);
    const records = own.get(traceId) ?? { spans: [], logs: [] };
    own.set(traceId, records);
    return records;
  };
  for (const record of batch.spans) placeOf(shardOf.trace(record.span.traceId), record.span.traceId).spans.push(record);
  for (const record of batch.logs) {
    const { traceId = '' } = record.log;
    const shard = traceId === '' ? shardOf.looseLog(logKey(record)) : shardOf.trace(traceId);
    placeOf(shard, traceId).logs.push(record);
  }
  return shards;
}

/** The same for traces whose chunks are encoded. */
export function splitPacked(batch: PackedBatch, shardOf: ShardChooser): Map<string, PackedTrace[]> {
  const shards = new Map<string, PackedTrace[]>();
  for (const trace of batch.traces) {
    const shard = shardOf.trace(trace.traceId);
    const own = shards.get(shard);
    if (own) own.push(trace);
    else shards.set(shard, [trace]);
  }
  return shards;
}
