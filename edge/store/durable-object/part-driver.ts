import type { SqlDriver, SqlRow, SqlValue } from '../sql/sql-driver.ts';
import type { ObjectStorage, StorageRow } from './platform.ts';

const CREATED = /\bCREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX)\s+(\w+)/gi;
// A name of ours stands behind one of these words, or before the dot of a column.
const NAMED = /\b(FROM|INTO|UPDATE|JOIN|TABLE|INDEXED BY|INDEX|ON)(\s+)(\w+)|\b(\w+)(?=\.\w)/gi;

/** A row holds at most 2 MB, its other columns included. */
const MAX_BLOB_BYTES = 1_900_000;
/** Rows that are read at once (a shard's share of a page, usually), and by how much more each time after. */
const FIRST_PAGE = 24;
const PAGE_GROWTH = 8;
const UNLIMITED_SELECT = /^\s*SELECT\b(?![\s\S]*\bLIMIT\b)/i;

/**
 * The storage of an object as the database of one part. An object has a single database and a part wants one of its
 * own, so the names of tables and indexes get the part's prefix on their way: `trace` becomes `p3_trace`.
 */
export function partDriver(storage: ObjectStorage, prefix: string): SqlDriver {
  const names = new Set<string>();
  const found = storage.sql.exec(
    "SELECT substr(name, ?) AS name FROM sqlite_schema WHERE substr(name, 1, ?) = ? AND sql <> ''",
    prefix.length + 1,
    prefix.length,
    prefix,
  );
  for (const { name } of found) names.add(String(name));
  const texts = new Map<string, string>();
  const rename = (sql: string): string => {
    let renamed = texts.get(sql);
    if (renamed === undefined) {
      renamed = sql.replace(NAMED, (whole, word?: string, space?: string, name?: string, qualifier?: string) => {
        if (qualifier !== undefined) return names.has(qualifier) ? prefix + qualifier : whole;
        return name !== undefined && names.has(name) ? `${word}${space}${prefix}${name}` : whole;
      });
      texts.set(sql, renamed);
    }
    return renamed;
  };
  const read = (sql: string, values: readonly SqlValue[]): SqlRow[] =>
    Array.from(storage.sql.exec(sql, ...values), withBytes);
  return {
    maxBlobBytes: MAX_BLOB_BYTES,
    exec(sql) {
      for (const [, name] of sql.matchAll(CREATED)) if (name) names.add(name);
      texts.clear();
      storage.sql.exec(rename(sql));
    },
    run(sql, values) {
      storage.sql.exec(rename(sql), ...values);
    },
    // Page by page, each read to its end: a table with a cursor open, that a reader who stopped early left, cannot be dropped.
    *rows(sql, values) {
      const text = rename(sql);
      if (!UNLIMITED_SELECT.test(sql)) {
        yield* read(text, values);
        return;
      }
      for (let limit = FIRST_PAGE, offset = 0; ; offset += limit, limit *= PAGE_GROWTH) {
        const page = read(`${text} LIMIT ? OFFSET ?`, [...values, limit, offset]);
        yield* page;
        if (page.length < limit) return;
      }
    },
    transaction: (work) => storage.transactionSync(work),
  };
}

/** Takes the tables of a part out of the database. */
export function dropPart(storage: ObjectStorage, prefix: string): void {
  const tables = [
    ...storage.sql.exec(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, ?) = ?",
      prefix.length,
      prefix,
    ),
  ];
  for (const { name } of tables) storage.sql.exec(`DROP TABLE ${name}`);
}

function withBytes(row: StorageRow): SqlRow {
  for (const name in row) {
    const value = row[name];
    if (value instanceof ArrayBuffer) (row as Record<string, SqlValue>)[name] = new Uint8Array(value);
  }
  return row as SqlRow;
}
