import { crc32 } from 'node:zlib';

/** A segment starts with this and its version. */
export const SEGMENT_HEADER = Buffer.from('TLjournal\0\x01\n', 'latin1');
// Marks a record's start, so that reading goes on behind a damaged one.
const RECORD_MARK = Buffer.from('\u00abTL\u00bb', 'latin1');
/** Mark, length, checksum of the payload, checksum of these. */
export const RECORD_HEADER_BYTES = 16;
/** No batch is larger: a damaged length must not take the memory. */
const MAX_RECORD_BYTES = 256 * 1024 * 1024;

/** What stands before a record's payload. */
export function recordHeader(payload: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(RECORD_HEADER_BYTES);
  RECORD_MARK.copy(header);
  header.writeUInt32LE(payload.byteLength, 4);
  header.writeUInt32LE(crc32(payload), 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

export interface SegmentContent {
  payloads: Buffer[];
  /** Stretches that are no whole record: a write cut off by a crash, or bits that changed. */
  damaged: { offset: number; bytes: number }[];
}

/** Every whole record of a segment; what is damaged is skipped, never what follows it. */
export function readSegment(bytes: Buffer): SegmentContent {
  const payloads: Buffer[] = [];
  const damaged: { offset: number; bytes: number }[] = [];
  let at = SEGMENT_HEADER.length;
  if (!bytes.subarray(0, at).equals(SEGMENT_HEADER)) {
    // Written before the header was whole, or changed: records are looked for all the same.
    at = 0;
  }
  while (at < bytes.length) {
    const payload = recordAt(bytes, at);
    if (payload) {
      payloads.push(payload);
      at += RECORD_HEADER_BYTES + payload.length;
      continue;
    }
    const from = at;
    do {
      const mark = bytes.indexOf(RECORD_MARK, at + 1);
      at = mark < 0 ? bytes.length : mark;
    } while (at < bytes.length && !recordAt(bytes, at));
    damaged.push({ offset: from, bytes: at - from });
  }
  return { payloads, damaged };
}

function recordAt(bytes: Buffer, at: number): Buffer | undefined {
  const start = at + RECORD_HEADER_BYTES;
  if (start > bytes.length) return undefined;
  const header = bytes.subarray(at, start);
  if (!header.subarray(0, 4).equals(RECORD_MARK)) return undefined;
  if (crc32(header.subarray(0, 12)) !== header.readUInt32LE(12)) return undefined;
  const length = header.readUInt32LE(4);
  if (length > MAX_RECORD_BYTES || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return crc32(payload) === header.readUInt32LE(8) ? payload : undefined;
}
