import type { SpanId } from '../../../src/wire/ids.ts';
import { type ByteReader, DamagedDataError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

const NONE = 0;
const EXPLICIT = 1;
const FIRST_ORDINAL = 2;

/**
 * A span named by its place in the chunk when it is there: eight random bytes cannot be compressed, a small number can.
 * Ids that must be written stand apart from the text, where they would spoil its compression.
 */
export function writeReference(
  body: ByteWriter,
  ids: ByteWriter,
  ordinals: ReadonlyMap<SpanId, number>,
  spanId: SpanId | '' | undefined,
): void {
  if (!spanId) {
    body.varint(NONE);
    return;
  }
  const ordinal = ordinals.get(spanId);
  if (ordinal !== undefined) {
    body.varint(ordinal + FIRST_ORDINAL);
    return;
  }
  body.varint(EXPLICIT);
  ids.hex(spanId);
}

/** `undefined` where no span was named. */
export function readReference(body: ByteReader, ids: ByteReader, spanIds: readonly SpanId[]): SpanId | undefined {
  const reference = body.varint();
  if (reference === NONE) return undefined;
  if (reference === EXPLICIT) return ids.hex(8);
  const spanId = spanIds[reference - FIRST_ORDINAL];
  if (spanId === undefined) throw new DamagedDataError('A record names a span that is not there.');
  return spanId;
}
