import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readSegment, recordHeader, SEGMENT_HEADER } from './journal-format.ts';
import { makeDirectory } from './make-directory.ts';
import { lockStore, StoreOpenError } from './store-file.ts';
import { findStore, withPart } from './stored-files.ts';

export interface BackupResult {
  parts: number;
  bytes: number;
}

/**
 * Copies a store, also while a collector writes to it: everything that was acknowledged when it began is in the copy,
 * which is a store itself.
 * @param to a directory that is not there or empty
 * @throws {StoreOpenError} when there is no store, or something in `to` already
 */
export async function backupStore(directory: string, to: string): Promise<BackupResult> {
  if (existsSync(to) && readdirSync(to).length > 0) {
    throw new StoreOpenError(`${to} is not empty: name a new directory for the backup.`);
  }
  // Before the parts are listed: what moves from the journal into a part meanwhile is in both, and counted once.
  const journal = readJournalFiles(findStore(directory).journal);
  const { parts } = findStore(directory);
  makeDirectory(join(to, 'parts'));
  mkdirSync(join(to, 'journal'));
  lockStore(to)();
  for (const { name, bytes } of journal) writeFileSync(join(to, 'journal', name), bytes);
  let copied = 0;
  for (const path of parts) {
    const done = await withPart(path, ({ driver }) => driver.run('VACUUM INTO ?', [join(to, 'parts', basename(path))]));
    if (done !== undefined || existsSync(join(to, 'parts', basename(path)))) copied += 1;
  }
  return { parts: copied, bytes: bytesBelow(to) };
}

// Only whole records: the last one may be in the middle of being written.
function readJournalFiles(directory: string): { name: string; bytes: Buffer }[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    let content: Buffer;
    try {
      content = readFileSync(join(directory, name));
    } catch (error) {
      // Deleted because all of it is in parts, which are copied after this.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    const { payloads } = readSegment(content);
    const records = payloads.flatMap((payload) => [recordHeader(payload), payload]);
    return [{ name, bytes: Buffer.concat([SEGMENT_HEADER, ...records]) }];
  });
}

function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, name) => sum + statSync(join(directory, name)).size,
    0,
  );
}
