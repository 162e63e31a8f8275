import { closeSync, openSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { APPLICATION_ID, FORMAT_VERSION } from '../sql/schema.ts';
import { makeDirectory } from './make-directory.ts';

/** The directory cannot be used as a store; the message says what to do. Nothing in it was changed. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}

// POSIX locks belong to the process, and closing any descriptor of a file gives them up: a store that is open here must
// not even be looked at a second time.
const openHere = new Set<string>();

/** Makes the directory when it is not there and takes it for this process alone; the answer gives it back. */
export function lockStore(directory: string): () => void {
  let path: string;
  try {
    makeDirectory(directory);
    path = join(realpathSync(directory), 'store.db');
  } catch (cause) {
    throw new StoreOpenError(`Cannot make the store's directory ${directory}: ${reason(cause)}.`, { cause });
  }
  if (openHere.has(path)) throw new StoreOpenError(inUse(directory));
  assertOurs(path);
  let database: DatabaseSync | undefined;
  try {
    // The operating system gives this lock back when the process dies, however it dies.
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
    if (database.prepare('PRAGMA user_version').get()?.user_version !== FORMAT_VERSION) {
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION};`);
      database.exec('CREATE TABLE IF NOT EXISTS store(created_ms INTEGER NOT NULL)');
    }
    // Committing keeps an exclusive lock in this mode.
    database.exec('COMMIT');
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) throw new StoreOpenError(inUse(directory), { cause });
    throw new StoreOpenError(`Cannot open the store in ${directory}: ${reason(cause)}.`, { cause });
  }
  openHere.add(path);
  return () => {
    database.close();
    openHere.delete(path);
  };
}

function inUse(directory: string): string {
  return (
    `The store in ${directory} is in use by another process. ` +
    'Stop that one, or give this one a directory of its own.'
  );
}

/**
 * Looks at a file before SQLite does, which would write to it.
 * @throws {StoreOpenError} when it is no database of ours or one of a newer version
 */
export function assertOurs(path: string): void {
  const header = Buffer.alloc(100);
  let length: number;
  try {
    const fd = openSync(path, 'r');
    length = readSync(fd, header, 0, 100, 0);
    closeSync(fd);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new StoreOpenError(`Cannot read ${path}: ${reason(cause)}.`, { cause });
  }
  // An empty file is one whose first write a crash cut off.
  if (length === 0) return;
  // https://www.sqlite.org/fileformat.html#the_database_header: user version at 60, application id at 68.
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0' || header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new StoreOpenError(`${path} is not a file of a Throughline store. Give the store a directory of its own.`);
  }
  const version = header.readUInt32BE(60);
  if (version > FORMAT_VERSION) {
    throw new StoreOpenError(
      `${path} was written by a newer Throughline (format ${version}; this one reads up to ${FORMAT_VERSION}). ` +
        'Run that version, or give this one a directory of its own.',
    );
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code === 5 || code === 6 || code === 261;
}

export function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}
