import type { SpanId, TraceId } from '../../../src/wire/ids.ts';
import { ByteReader, DamagedDataError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Chunk, type ChunkContent, ChunkEncoder } from './chunk.ts';

export const BATCH_VERSION = 1;
const NO_TRACE = '0'.repeat(32);

/** A chunk and the trace it is of; '' for log records without a trace. */
export interface TraceChunk {
  traceId: TraceId | '';
  chunk: Chunk;
}

export interface EncodedBatch {
  receivedAtMs: number;
  chunks: TraceChunk[];
}

/** What a batch holds of one trace. */
export interface TraceContent {
  traceId: TraceId | '';
  content: ChunkContent;
  /** Place of each span in `content.spans` by its id. */
  ordinals: ReadonlyMap<SpanId, number>;
}

/** Writes what a journal record holds: one batch, as one chunk a trace. */
export class BatchEncoder {
  readonly #encoder = new ChunkEncoder();
  readonly #record = new ByteWriter();

  /** The record, and the chunks as views into it in the order of `contents`. */
  encode(receivedAtMs: number, contents: readonly TraceContent[]): { record: Buffer; chunks: Chunk[] } {
    const out = this.#record;
    out.reset();
    out.byte(BATCH_VERSION);
    out.varint(Math.max(0, Math.round(receivedAtMs)));
    const ends: { ids: number; body: number; end: number }[] = [];
    for (const { traceId, content, ordinals } of contents) {
      this.#encoder.encode(content, ordinals);
      const { ids, body } = this.#encoder;
      out.hex(traceId === '' ? NO_TRACE : traceId);
      out.varint(ids.length);
      out.varint(body.length);
      out.raw(ids.view());
      out.raw(body.view());
      ends.push({ ids: ids.length, body: body.length, end: out.length });
    }
    const record = out.copy();
    const chunks = ends.map(({ ids, body, end }) => ({
      ids: record.subarray(end - body - ids, end - body),
      body: record.subarray(end - body, end),
    }));
    return { record, chunks };
  }
}

/** A record of chunks that are encoded already. */
export function joinChunks(receivedAtMs: number, chunks: readonly TraceChunk[]): Buffer {
  const out = new ByteWriter(chunks.reduce((sum, { chunk }) => sum + chunk.ids.length + chunk.body.length + 64, 64));
  out.byte(BATCH_VERSION);
  out.varint(Math.max(0, Math.round(receivedAtMs)));
  for (const { traceId, chunk } of chunks) {
    out.hex(traceId === '' ? NO_TRACE : traceId);
    out.varint(chunk.ids.length);
    out.varint(chunk.body.length);
    out.raw(chunk.ids);
    out.raw(chunk.body);
  }
  return out.copy();
}

/** @throws {DamagedDataError} when the bytes are not a whole batch of a version this one reads. */
export function decodeBatch(record: Uint8Array): EncodedBatch {
  const reader = new ByteReader(record);
  const version = reader.byte();
  if (version !== BATCH_VERSION)
    throw new DamagedDataError(`A batch has version ${version}, which this one cannot read.`);
  const batch: EncodedBatch = { receivedAtMs: reader.varint(), chunks: [] };
  while (!reader.done) {
    const id = reader.hex(16);
    const idsLength = reader.varint();
    const bodyLength = reader.varint();
    const chunk = { ids: reader.raw(idsLength), body: reader.raw(bodyLength) };
    batch.chunks.push({ traceId: id === NO_TRACE ? '' : id, chunk });
  }
  return batch;
}
