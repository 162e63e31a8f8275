import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceStore } from '../trace-store.ts';
import { SEGMENT_BYTES } from './journal.ts';
import { PartFiles } from './part-files.ts';
import { SqliteStore } from './sqlite-store.ts';
import { lockStore, reason, StoreOpenError } from './store-file.ts';

export interface SqliteStoreOptions {
  /** Made when it is not there. One process at a time may have it open. */
  directory: string;
  /** What was received longer ago is deleted by `expire`. Default 7 days. */
  retentionMs?: number;
  /** What the store may take on disk; beyond it the oldest is deleted. Default 10 GiB. */
  maxBytes?: number;
  /** A trace without news for this long is compressed into a block. Default 10 s. */
  quietMs?: number;
  /** Told of what was repaired or is odd, in one sentence for an operator. Default: nobody. */
  report?: (message: string) => void;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_PART_BYTES = 1024 ** 3;
/** A part is at most this share of the quota and of the retention time, so that deleting one is not losing much. */
const SHARE = 8;
const MIN_PART_BYTES = 256 * 1024;
const MIN_PERIOD_MS = 60_000;

/**
 * Opens the store that keeps traces in files of a directory, reading what a crash left in its journal.
 * @throws {StoreOpenError} when the directory is in use, not ours, of a newer version, or not writable; then nothing in
 *   it was changed
 * @example const store = await openSqliteStore({ directory: './throughline-data' });
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<TraceStore> {
  const { directory, retentionMs = 7 * DAY_MS, maxBytes = 10 * 1024 ** 3, quietMs = 10_000 } = options;
  const report = options.report ?? (() => undefined);
  const unlock = lockStore(directory);
  let parts: PartFiles | undefined;
  try {
    parts = new PartFiles({
      directory: join(directory, 'parts'),
      periodMs: Math.max(MIN_PERIOD_MS, Math.min(DAY_MS, Math.floor(retentionMs / SHARE))),
      maxPartBytes: Math.max(MIN_PART_BYTES, Math.min(MAX_PART_BYTES, Math.floor(maxBytes / SHARE))),
    });
    const journalDirectory = join(directory, 'journal');
    try {
      mkdirSync(journalDirectory, { recursive: true });
    } catch (cause) {
      throw new StoreOpenError(`Cannot make ${journalDirectory}: ${reason(cause)}.`, { cause });
    }
    const segmentBytes = Math.max(MIN_PART_BYTES, Math.min(SEGMENT_BYTES, Math.floor(maxBytes / SHARE)));
    const store = new SqliteStore({
      journalDirectory,
      segmentBytes,
      parts,
      unlock,
      retentionMs,
      maxBytes,
      quietMs,
      report,
    });
    await store.replay();
    return store;
  } catch (error) {
    parts?.close();
    unlock();
    throw error;
  }
}
