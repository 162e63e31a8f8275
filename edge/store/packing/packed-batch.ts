import type { TraceId } from '../../../src/wire/ids.ts';
import type { LogRecord, SpanRecord } from '../../otlp/records.ts';
import { type Chunk, decodeChunk } from '../encoding/chunk.ts';
import type { Measurement } from '../rollup.ts';
import type { SummaryState } from '../summary.ts';
import type { AcceptedBatch, AppendResult, TraceStore, Trust } from '../trace-store.ts';

/** What a request brought of one trace: its chunk, and what the store would else have to decode it for. */
export interface PackedTrace extends Chunk {
  traceId: TraceId;
  spans: number;
  logs: number;
  /** Of this chunk alone. */
  state: SummaryState;
  /** Of all attributes, for the filter of a block. */
  hashes: Uint32Array;
  requests: Measurement[];
  /** Of the log records. */
  logKeys: string[];
}

/** An accepted request as the bytes the journal keeps, with its chunks as views into them. No span is in it twice. */
export interface PackedBatch {
  receivedAtMs: number;
  trust: Trust;
  keyId: string;
  batchId?: string;
  record: Buffer;
  traces: PackedTrace[];
}

/** A store that keeps encoded batches as they are. */
export interface PackedStore extends TraceStore {
  /** `append` of a batch that is encoded already. */
  appendPacked(batch: PackedBatch): Promise<AppendResult>;
}

export function takesPacked(store: TraceStore): store is PackedStore {
  return 'appendPacked' in store;
}

/** The same batch as records, for who does not work with chunks. */
export function unpackBatch(batch: PackedBatch): AcceptedBatch {
  const { receivedAtMs, trust, keyId, batchId } = batch;
  const spans: SpanRecord[] = [];
  const logs: LogRecord[] = [];
  for (const trace of batch.traces) {
    const content = decodeChunk(trace, trace.traceId);
    for (const record of content.spans) spans.push(record);
    for (const record of content.logs) logs.push(record);
  }
  const accepted = { receivedAtMs, trust, keyId, spans, logs };
  return batchId === undefined ? accepted : { ...accepted, batchId };
}
