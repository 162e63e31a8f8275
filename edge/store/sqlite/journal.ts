import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writev,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RECORD_HEADER_BYTES, readSegment, recordHeader, SEGMENT_HEADER } from './journal-format.ts';

/** A new segment is begun behind this size; a segment is deleted as a whole. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * On Linux a write is synced by itself, in one trip to the disk; elsewhere (macOS would leave it in the drive's cache) a sync
 * follows.
 */
const SYNCED_WRITES = process.platform === 'linux' ? constants.O_DSYNC : 0;
const NEW_SEGMENT = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | SYNCED_WRITES;

interface Waiting {
  payload: Uint8Array;
  resolve: (segment: number) => void;
  reject: (error: Error) => void;
}

/**
 * Append-only segments of checksummed records. All appends that wait share one write and one sync (group commit).
 * Segments that were there before are read once and never written again.
 */
export class Journal {
  readonly #directory: string;
  #file: FileHandle | undefined;
  #segment: number;
  #length = 0;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #sizes = new Map<number, number>();

  readonly #segmentBytes: number;

  /** @param next number of the first segment to write */
  constructor(directory: string, next: number, segmentBytes = SEGMENT_BYTES) {
    this.#directory = directory;
    this.#segment = next - 1;
    for (const segment of Journal.segments(directory)) {
      this.#sizes.set(segment, statSync(segmentPath(directory, segment)).size);
    }
    this.#segmentBytes = segmentBytes;
  }

  /** Numbers of the segments in a directory, oldest first. */
  static segments(directory: string): number[] {
    return readdirSync(directory)
      .flatMap((name) => (/^\d{8}\.journal$/.test(name) ? [Number(name.slice(0, 8))] : []))
      .sort((a, b) => a - b);
  }

  /** The whole records of a segment; tells `report` of what is damaged. */
  static read(directory: string, segment: number, report: (message: string) => void): Buffer[] {
    const path = segmentPath(directory, segment);
    const { payloads, damaged } = readSegment(readFileSync(path));
    for (const { offset, bytes } of damaged) {
      report(
        `The journal ${path} is damaged: ${bytes} bytes at ${offset} are no whole record and were dropped ` +
          `(a write a crash cut off was never acknowledged). All other records were read.`,
      );
    }
    return payloads;
  }

  /** The segment now written to, if any. */
  get writing(): number | undefined {
    return this.#file && this.#segment;
  }

  get bytes(): number {
    let bytes = 0;
    for (const size of this.#sizes.values()) bytes += size;
    return bytes;
  }

  /** Resolves with the segment that holds the payload once it is synced. */
  append(payload: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payload, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  /** Waits for what was appended and closes the file. */
  async close(): Promise<void> {
    await this.#committing;
    await this.#file?.close();
    this.#file = undefined;
  }

  /** What is appended from now on goes to a new segment, so that the one before can be deleted. */
  async rotate(): Promise<void> {
    while (this.#committing) await this.#committing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Deletes a segment that is not written any more. */
  remove(segment: number): void {
    unlinkSync(segmentPath(this.#directory, segment));
    this.#sizes.delete(segment);
  }

  async #commitAll(): Promise<void> {
    // The appends of this turn of the event loop go together.
    await setImmediate();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(group.map(({ payload }) => payload));
        for (const { resolve } of group) resolve(this.#segment);
      } catch (error) {
        // What waits was prepared on top of what failed.
        for (const { reject } of [...group, ...this.#waiting]) reject(error as Error);
        this.#waiting = [];
      }
    }
    this.#committing = undefined;
  }

  async #commit(payloads: readonly Uint8Array[]): Promise<void> {
    if (!this.#file || this.#length >= this.#segmentBytes) await this.#begin();
    const file = this.#file as FileHandle;
    const buffers = payloads.flatMap((payload) => [recordHeader(payload), payload]);
    const bytes = payloads.reduce((sum, payload) => sum + RECORD_HEADER_BYTES + payload.byteLength, 0);
    try {
      await writeAll(file, buffers, this.#length, bytes);
      if (!SYNCED_WRITES) await file.datasync();
    } catch (error) {
      await this.#abandon(file);
      throw error;
    }
    this.#length += bytes;
    this.#sizes.set(this.#segment, this.#length);
  }

  async #begin(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    const segment = this.#segment + 1;
    const file = await open(segmentPath(this.#directory, segment), NEW_SEGMENT);
    this.#segment = segment;
    this.#file = file;
    this.#length = SEGMENT_HEADER.length;
    try {
      await writeAll(file, [SEGMENT_HEADER], 0, SEGMENT_HEADER.length);
      syncDirectory(this.#directory);
    } catch (error) {
      await this.#abandon(file);
      throw error;
    }
    this.#sizes.set(segment, this.#length);
  }

  // After a failed write or sync nobody knows what is on the disk: what was refused is cut off, and no more is written here.
  async #abandon(file: FileHandle): Promise<void> {
    this.#file = undefined;
    try {
      await file.truncate(this.#length);
      await file.datasync();
    } catch {
      // The disk is failing. A record that stays behind is a batch its sender sends again, and it is stored once.
    }
    await file.close().catch(() => undefined);
  }
}

function segmentPath(directory: string, segment: number): string {
  return join(directory, `${String(segment).padStart(8, '0')}.journal`);
}

async function writeAll(file: FileHandle, buffers: Uint8Array[], position: number, bytes: number): Promise<void> {
  // Not the method of the handle, which makes ten promises of it.
  const bytesWritten = await new Promise<number>((resolve, reject) => {
    writev(file.fd, buffers, position, (error, written) => (error ? reject(error) : resolve(written)));
  });
  if (bytesWritten === bytes) return;
  // A disk that is nearly full takes a part; the next write says why.
  const rest = Buffer.concat(buffers).subarray(bytesWritten);
  for (let done = 0; done < rest.length; ) {
    const { bytesWritten: more } = await file.write(rest, done, rest.length - done, position + bytesWritten + done);
    done += more;
  }
}

/** Makes new names in a directory survive a power cut. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
