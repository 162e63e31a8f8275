import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** One entry of a spool: opaque bytes, what they are, and how many spans or log records they hold. */
export interface SpoolEntry {
  kind: number;
  records: number;
  payload: Buffer;
}

export interface Spool {
  /** Writes an entry at the end; it outlives the process from here on. @throws when the disk does not take it */
  append(entry: SpoolEntry): void;
  /** Entries of one kind that come next, at least one where there is any, up to about `maxBytes`. */
  peek(maxBytes: number): SpoolEntry[];
  /** Puts the cursor behind the first `count` entries of the last `peek`. */
  advance(count: number): void;
  /** What waits, in bytes on disk. */
  pendingBytes(): number;
  close(): void;
}

export interface SpoolOptions {
  directory: string;
  /** Beyond it the oldest segments go, read or not. */
  maxBytes: number;
  segmentBytes: number;
  /** Told how many spans and log records went unread with a segment, or how a file was damaged. */
  onLost: (records: number, why: string) => void;
}

const SEGMENT = /^(\d{8})\.spool$/;
/** length, checksum, kind, records */
const HEADER_BYTES = 16;

interface Cursor {
  segment: number;
  offset: number;
}

/**
 * A queue in files: segments that are only appended to, and a cursor. Each process writes segments of its own, so what a
 * kill left half written is the end of a file nobody appends to any more.
 */
export function openSpool(options: SpoolOptions): Spool {
  const { directory, maxBytes, segmentBytes, onLost } = options;
  mkdirSync(directory, { recursive: true });
  const pathOf = (segment: number) => join(directory, `${String(segment).padStart(8, '0')}.spool`);
  const sizes = new Map<number, number>();
  for (const name of readdirSync(directory).sort()) {
    const number = SEGMENT.exec(name)?.[1];
    if (number) sizes.set(Number(number), statSync(join(directory, name)).size);
  }
  const first = [...sizes.keys()][0] ?? 1;
  const cursor = readCursor(directory) ?? { segment: first, offset: 0 };
  let writing = Math.max(...sizes.keys(), cursor.segment - 1) + 1;
  // Files may be gone: then it begins with the first that is there.
  if (!sizes.has(cursor.segment)) Object.assign(cursor, { segment: sizes.size > 0 ? first : writing, offset: 0 });
  let writeFd = openSync(pathOf(writing), 'ax', 0o600);
  sizes.set(writing, 0);
  let readFd: { segment: number; fd: number } | undefined;
  let peeked: Cursor[] = [];

  const fdOf = (segment: number): number => {
    if (readFd?.segment === segment) return readFd.fd;
    if (readFd) closeSync(readFd.fd);
    readFd = { segment, fd: openSync(pathOf(segment), 'r') };
    return readFd.fd;
  };
  const drop = (segment: number) => {
    if (readFd?.segment === segment) {
      closeSync(readFd.fd);
      readFd = undefined;
    }
    rmSync(pathOf(segment), { force: true });
    sizes.delete(segment);
  };
  const nextSegment = (segment: number) => [...sizes.keys()].find((candidate) => candidate > segment) ?? writing;
  const total = () => [...sizes.values()].reduce((sum, size) => sum + size, 0);

  const keepQuota = () => {
    while (total() > maxBytes && sizes.size > 1) {
      const oldest = [...sizes.keys()][0] as number;
      const from = cursor.segment === oldest ? cursor.offset : 0;
      let lost = 0;
      for (let at = from; ; ) {
        const entry = readEntry(fdOf(oldest), at);
        if (!entry) break;
        lost += entry.records;
        at += HEADER_BYTES + entry.payload.length;
      }
      drop(oldest);
      if (cursor.segment === oldest) moveTo({ segment: nextSegment(oldest), offset: 0 });
      if (lost > 0) onLost(lost, 'the forwarding quota is full');
    }
  };
  const moveTo = (to: Cursor) => {
    Object.assign(cursor, to);
    const file = join(directory, 'cursor.json');
    writeFileSync(`${file}.new`, JSON.stringify(cursor));
    renameSync(`${file}.new`, file);
  };

  return {
    append({ kind, records, payload }) {
      const bytes = Buffer.alloc(HEADER_BYTES + payload.length);
      bytes.writeUInt32LE(payload.length, 0);
      bytes.writeUInt32LE(crc32(payload), 4);
      bytes.writeUInt32LE(kind, 8);
      bytes.writeUInt32LE(records, 12);
      payload.copy(bytes, HEADER_BYTES);
      if ((sizes.get(writing) as number) + bytes.length > segmentBytes && sizes.get(writing) !== 0) {
        closeSync(writeFd);
        writing += 1;
        writeFd = openSync(pathOf(writing), 'ax', 0o600);
        sizes.set(writing, 0);
        keepQuota();
      }
      for (let written = 0; written < bytes.length; ) written += writeSync(writeFd, bytes, written);
      sizes.set(writing, (sizes.get(writing) as number) + bytes.length);
    },
    peek(wantedBytes) {
      const entries: SpoolEntry[] = [];
      peeked = [];
      const at = { ...cursor };
      let bytes = 0;
      while (sizes.has(at.segment)) {
        const entry = readEntry(fdOf(at.segment), at.offset);
        if (!entry) {
          if (at.segment === writing) break;
          if (at.offset < (sizes.get(at.segment) as number)) onLost(0, `${pathOf(at.segment)} ends in a torn entry`);
          Object.assign(at, { segment: nextSegment(at.segment), offset: 0 });
          if (entries.length === 0) {
            const done = cursor.segment;
            moveTo(at);
            drop(done);
          }
          continue;
        }
        if (entries.length > 0 && (entry.kind !== entries[0]?.kind || bytes + entry.payload.length > wantedBytes))
          break;
        entries.push(entry);
        bytes += entry.payload.length;
        at.offset += HEADER_BYTES + entry.payload.length;
        peeked.push({ ...at });
      }
      return entries;
    },
    advance(count) {
      const to = peeked[count - 1];
      // The quota may have taken what was peeked at.
      if (!to || to.segment < cursor.segment) return;
      for (const segment of [...sizes.keys()]) if (segment < to.segment) drop(segment);
      moveTo(to);
    },
    pendingBytes: () => Math.max(0, total() - (sizes.has(cursor.segment) ? cursor.offset : 0)),
    close() {
      closeSync(writeFd);
      if (readFd) closeSync(readFd.fd);
    },
  };
}

/** `undefined` at the end, and for what is cut off or damaged. */
function readEntry(fd: number, offset: number): SpoolEntry | undefined {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(fd, header, 0, HEADER_BYTES, offset) < HEADER_BYTES) return undefined;
  const length = header.readUInt32LE(0);
  if (length > fstatSync(fd).size - offset - HEADER_BYTES) return undefined;
  const payload = Buffer.alloc(length);
  if (readSync(fd, payload, 0, length, offset + HEADER_BYTES) < length) return undefined;
  if (crc32(payload) !== header.readUInt32LE(4)) return undefined;
  return { kind: header.readUInt32LE(8), records: header.readUInt32LE(12), payload };
}

function readCursor(directory: string): Cursor | undefined {
  try {
    const { segment, offset } = JSON.parse(readFileSync(join(directory, 'cursor.json'), 'utf8')) as Cursor;
    return Number.isInteger(segment) && Number.isInteger(offset) ? { segment, offset } : undefined;
  } catch {
    return undefined; // expected: the first start, or a file somebody damaged; then everything there is sent again
  }
}
