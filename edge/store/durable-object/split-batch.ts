import type { TraceId } from '../../../src/wire/ids.ts';
import type { LogRecord, SpanRecord } from '../../otlp/records.ts';
import { BatchEncoder } from '../encoding/batch.ts';
import { ordinalsOf } from '../encoding/chunk.ts';
import { logKey } from '../encoding/fingerprint.ts';
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

const encoder = new BatchEncoder();

/** A shard's part of a batch as bytes, which `Shard.append` reads. */
export function encodeBatch({ receivedAtMs, trust }: AcceptedBatch, traces: ShardBatch): Uint8Array {
  const contents = [...traces].map(([traceId, records]) => {
    return { traceId, content: { trust, ...records }, ordinals: ordinalsOf(records.spans) };
  });
  return encoder.encode(receivedAtMs, contents).record;
}
