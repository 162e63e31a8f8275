import type { TraceId } from '../../../src/wire/ids.ts';
import { BatchEncoder, decodeBatch, joinChunks } from '../encoding/batch.ts';
import { decodeChunk, ordinalsOf } from '../encoding/chunk.ts';
import type { PackedBatch, PackedTrace } from '../packing/packed-batch.ts';
import type { AcceptedBatch, Trust } from '../trace-store.ts';
import type { ShardBatch } from './split-batch.ts';

/** What a Worker sends a shard: a batch as the journal keeps it, and what of each trace is known without decoding it. */
export interface ShardMessage {
  record: Uint8Array;
  packed?: { trust: Trust; traces: KnownTrace[] };
}

type KnownTrace = Omit<PackedTrace, 'ids' | 'body'>;

const encoder = new BatchEncoder();

/** A shard's records of a batch. */
export function encodeBatch({ receivedAtMs, trust }: AcceptedBatch, traces: ShardBatch): ShardMessage {
  const contents = [...traces].map(([traceId, records]) => {
    return { traceId, content: { trust, ...records }, ordinals: ordinalsOf(records.spans) };
  });
  return { record: encoder.encode(receivedAtMs, contents).record };
}

/** A shard's traces of a batch whose chunks are encoded. */
export function encodePacked({ receivedAtMs, trust }: PackedBatch, traces: readonly PackedTrace[]): ShardMessage {
  const record = joinChunks(
    receivedAtMs,
    traces.map(({ traceId, ids, body }) => ({ traceId, chunk: { ids, body } })),
  );
  const known = traces.map(({ ids: _, body: __, hashes, ...rest }): KnownTrace => {
    // A view would be sent with all of the buffer it looks at.
    return { ...rest, hashes: new Uint32Array(hashes) };
  });
  return { record, packed: { trust, traces: known } };
}

/** The message as a packed batch; `undefined` when its records have to be looked at. */
export function readPacked({ record, packed }: ShardMessage): PackedBatch | undefined {
  if (!packed) return undefined;
  const { receivedAtMs, chunks } = decodeBatch(record);
  const traces = chunks.flatMap(({ chunk: { ids, body } }, i): PackedTrace[] => {
    const known = packed.traces[i];
    return known ? [{ ...known, ids, body }] : [];
  });
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  return { receivedAtMs, trust: packed.trust, keyId: '', record: bytes, traces };
}

/** The message as records. */
export function readRecords({ record }: ShardMessage): AcceptedBatch {
  const { receivedAtMs, chunks } = decodeBatch(record);
  const batch: AcceptedBatch = { receivedAtMs, trust: 'public', keyId: '', spans: [], logs: [] };
  for (const { traceId, chunk } of chunks) {
    const content = decodeChunk(chunk, traceId as TraceId | '');
    batch.trust = content.trust;
    for (const span of content.spans) batch.spans.push(span);
    for (const log of content.logs) batch.logs.push(log);
  }
  return batch;
}
