import { constants, deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, DamagedDataError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Chunk } from './chunk.ts';

/** How a block's text is compressed; the number stands in the block. */
export const CODEC = { zstd: 1, deflate: 2 } as const;
export type Codec = (typeof CODEC)[keyof typeof CODEC];

const BLOCK_VERSION = 1;
/** A trace by id decompresses one block; this much takes well under a millisecond. */
export const BLOCK_TARGET_BYTES = 256 * 1024;
/** The place of a trace is block number times this plus its slot. */
export const SLOTS_PER_BLOCK = 256;
// No block is near this; a damaged length must not take the memory. workerd takes no larger limit.
const MAX_BLOCK_BYTES = 128 * 1024 * 1024;

/**
 * Traces compressed together: lengths, then all ids as they are, then all bodies as one compressed stream. Each slot
 * holds the chunks of one trace.
 */
export function encodeBlock(slots: readonly (readonly Chunk[])[], codec: Codec = CODEC.zstd): Buffer {
  const head = new ByteWriter(4096);
  head.byte(BLOCK_VERSION);
  head.byte(codec);
  head.varint(slots.length);
  const ids: Buffer[] = [];
  const bodies: Buffer[] = [];
  for (const chunks of slots) {
    head.varint(chunks.length);
    for (const chunk of chunks) {
      head.varint(chunk.ids.length);
      head.varint(chunk.body.length);
      ids.push(chunk.ids);
      bodies.push(chunk.body);
    }
  }
  const text = Buffer.concat(bodies);
  return Buffer.concat([head.copy(), ...ids, compress(text, codec)]);
}

function compress(text: Buffer, codec: Codec): Buffer {
  if (codec === CODEC.deflate) return deflateRawSync(text, { level: 6 });
  return zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

/**
 * The chunks of each slot.
 * @throws {DamagedDataError} when the bytes are not a whole block.
 */
export function decodeBlock(block: Uint8Array): Chunk[][] {
  const reader = new ByteReader(block);
  const version = reader.byte();
  if (version !== BLOCK_VERSION)
    throw new DamagedDataError(`A block has version ${version}, which this one cannot read.`);
  const codec = reader.byte();
  const slotCount = reader.varint();
  const lengths: { ids: number; body: number }[][] = [];
  for (let slot = 0; slot < slotCount; slot += 1) {
    const chunks: { ids: number; body: number }[] = [];
    for (let left = reader.varint(); left > 0; left -= 1) chunks.push({ ids: reader.varint(), body: reader.varint() });
    lengths.push(chunks);
  }
  const ids = lengths.map((chunks) => chunks.map((chunk) => reader.raw(chunk.ids)));
  const text = new ByteReader(decompress(reader.raw(block.byteLength - reader.position), codec));
  return lengths.map((chunks, slot) =>
    chunks.map((chunk, i) => ({ ids: ids[slot]?.[i] ?? Buffer.alloc(0), body: text.raw(chunk.body) })),
  );
}

function decompress(bytes: Buffer, codec: number): Buffer {
  try {
    if (codec === CODEC.zstd) return zstdDecompressSync(bytes, { maxOutputLength: MAX_BLOCK_BYTES });
    if (codec === CODEC.deflate) return inflateRawSync(bytes, { maxOutputLength: MAX_BLOCK_BYTES });
  } catch (cause) {
    throw new DamagedDataError('A block cannot be decompressed.', { cause });
  }
  throw new DamagedDataError(`A block is compressed in a way (${codec}) this version does not know.`);
}
