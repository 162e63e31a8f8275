import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IngestKey, InvalidKeysError, parseKeys } from '../collector/key-ring.ts';
import { makeDirectory } from '../store/sqlite/make-directory.ts';

export interface LoadedKeys {
  keys: IngestKey[];
  path: string;
  /** True when the file was made just now. */
  isNew: boolean;
}

/**
 * The keys of `<directory>/keys.json`; at the first start a public and a secret one are made. The file is readable by
 * its owner only, because of the secret.
 * @throws {InvalidKeysError} naming the file; NodeJS.ErrnoException when it cannot be read or written
 */
export function loadKeys(directory: string): LoadedKeys {
  makeDirectory(directory);
  const path = join(directory, 'keys.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const keys: IngestKey[] = [
      { id: 'web', key: `pk_${randomKey()}`, kind: 'public', services: ['*'], origins: ['*'] },
      { id: 'server', key: `sk_${randomKey()}`, kind: 'secret', services: ['*'], origins: ['*'] },
    ];
    writeFileSync(path, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    return { keys, path, isNew: true };
  }
  try {
    return { keys: parseKeys(JSON.parse(text)), path, isNew: false };
  } catch (error) {
    const reason = error instanceof InvalidKeysError ? error.message : 'it is not JSON';
    throw new InvalidKeysError(`${path}: ${reason}.`);
  }
}

/** `keys` with the one of this kind that the command line names standing before them. */
export function withKey(keys: readonly IngestKey[], kind: IngestKey['kind'], key: string | undefined): IngestKey[] {
  if (key === undefined) return [...keys];
  const known = keys.find((candidate) => candidate.key === key);
  const named: IngestKey = known ?? { id: `cli-${kind}`, key, kind, services: ['*'], origins: ['*'] };
  return [named, ...keys.filter((candidate) => candidate.kind !== kind)];
}

function randomKey(): string {
  return randomBytes(18).toString('base64url');
}
