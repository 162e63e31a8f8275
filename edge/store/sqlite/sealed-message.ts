import type { Measurement } from '../rollup.ts';
import type { SealedChunk, SealedTrace } from '../sql/part-writer.ts';
import type { SummaryState } from '../summary.ts';

/** Sealed traces on their way to another thread: their chunks are one stretch of memory, which is handed over and not copied. */
export interface SealedMessage {
  traces: {
    state: SummaryState;
    before: SummaryState | undefined;
    requests: readonly Measurement[];
    newSpans: number;
    newLogs: number;
    chunks: number;
  }[];
  /** Ids and body of each chunk. */
  bytes: Uint8Array<ArrayBuffer>;
  hashes: Uint32Array<ArrayBuffer>;
  /** Of each chunk: bytes of ids, bytes of body, hashes. */
  lengths: Uint32Array<ArrayBuffer>;
}

export function packSealed(traces: readonly SealedTrace[]): SealedMessage {
  const chunks = traces.flatMap((trace) => trace.chunks);
  const lengths = new Uint32Array(chunks.length * 3);
  let byteLength = 0;
  let hashCount = 0;
  chunks.forEach(({ ids, body, hashes }, i) => {
    lengths.set([ids.length, body.length, hashes.length], i * 3);
    byteLength += ids.length + body.length;
    hashCount += hashes.length;
  });
  const bytes = new Uint8Array(byteLength);
  const allHashes = new Uint32Array(hashCount);
  let at = 0;
  let hashAt = 0;
  for (const { ids, body, hashes } of chunks) {
    bytes.set(ids, at);
    bytes.set(body, at + ids.length);
    at += ids.length + body.length;
    allHashes.set(hashes, hashAt);
    hashAt += hashes.length;
  }
  const told = traces.map(({ chunks, ...rest }) => ({ ...rest, chunks: chunks.length }));
  return { traces: told, bytes, hashes: allHashes, lengths };
}

/** What can be handed over with a message. */
export function buffersOf({ bytes, hashes, lengths }: SealedMessage): ArrayBuffer[] {
  return [bytes.buffer, hashes.buffer, lengths.buffer];
}

export function unpackSealed({ traces, bytes, hashes, lengths }: SealedMessage): SealedTrace[] {
  const all = Buffer.from(bytes.buffer);
  let at = 0;
  let hashAt = 0;
  let chunk = 0;
  const next = (): SealedChunk => {
    const [ids = 0, body = 0, count = 0] = lengths.subarray(chunk * 3, chunk * 3 + 3);
    const bodyAt = at + ids;
    const read = {
      ids: all.subarray(at, bodyAt),
      body: all.subarray(bodyAt, bodyAt + body),
      hashes: hashes.subarray(hashAt, hashAt + count),
    };
    at = bodyAt + body;
    hashAt += count;
    chunk += 1;
    return read;
  };
  return traces.map((trace) => ({ ...trace, chunks: Array.from({ length: trace.chunks }, next) }));
}
