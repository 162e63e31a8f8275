import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TraceId } from '../../../src/wire/ids.ts';
import { decodeBatch } from '../encoding/batch.ts';
import type { Chunk } from '../encoding/chunk.ts';
import { PartReader } from '../sql/part-reader.ts';
import type { SqlDriver } from '../sql/sql-driver.ts';
import { Journal } from './journal.ts';
import { nodeSqlDriver } from './node-sql-driver.ts';
import { assertOurs, reason, StoreOpenError } from './store-file.ts';

export interface OpenPart {
  path: string;
  reader: PartReader;
  driver: SqlDriver;
}

/**
 * The files of a store that may be in use by another process, for reading only.
 * @throws {StoreOpenError} when there is no store, or it is not one this version reads
 */
export function findStore(directory: string): { journal: string; parts: string[] } {
  const path = join(directory, 'store.db');
  if (!existsSync(path)) throw new StoreOpenError(`There is no store in ${directory}: name its directory with --data.`);
  assertOurs(path);
  return { journal: join(directory, 'journal'), parts: partPaths(join(directory, 'parts')) };
}

function partPaths(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => /^\d{8}\.db$/.test(name))
    .sort()
    .map((name) => join(directory, name));
}

/**
 * Reads a part; what it sees does not change while `read` runs.
 * @returns `undefined` when the part is gone, because it has expired meanwhile
 */
export async function withPart<T>(path: string, read: (part: OpenPart) => T | Promise<T>): Promise<T | undefined> {
  if (!existsSync(path)) return undefined;
  assertOurs(path);
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  } catch (cause) {
    if (!existsSync(path)) return undefined;
    throw new StoreOpenError(`Cannot open ${path}: ${reason(cause)}.`, { cause });
  }
  try {
    const driver = nodeSqlDriver(database);
    return await read({ path, driver, reader: new PartReader(driver) });
  } finally {
    database.close();
  }
}

/** What is in the journal and perhaps in no part yet. */
export function* readJournal(
  directory: string,
  report: (message: string) => void,
): Generator<{ traceId: TraceId | ''; chunk: Chunk; receivedAtMs: number }> {
  if (!existsSync(directory)) return;
  for (const segment of Journal.segments(directory)) {
    for (const payload of readSegmentIfThere(directory, segment, report)) {
      const { receivedAtMs, chunks } = decodeBatch(payload);
      for (const { traceId, chunk } of chunks) yield { traceId, chunk, receivedAtMs };
    }
  }
}

// A segment whose traces are all in parts by now is deleted by the process that owns the store.
function readSegmentIfThere(directory: string, segment: number, report: (message: string) => void): Buffer[] {
  try {
    return Journal.read(directory, segment, report);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
