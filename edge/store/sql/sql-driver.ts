export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

/** The synchronous SQLite both `node:sqlite` and a Durable Object have; statements are cached by their text. */
export interface SqlDriver {
  /** The longest blob a row takes, where that is less than a block may have. */
  readonly maxBlobBytes?: number;
  /** Runs statements that take no values. */
  exec(sql: string): void;
  run(sql: string, values: readonly SqlValue[]): void;
  /** Rows as they are read: stop early and the rest is never computed. */
  rows(sql: string, values: readonly SqlValue[]): Iterable<SqlRow>;
  /** The first of `rows`, where asking for one alone is cheaper. */
  first?(sql: string, values: readonly SqlValue[]): SqlRow | undefined;
  /** All of it or, when it throws, nothing of it. */
  transaction(work: () => void): void;
}

/** The first row, `undefined` when there is none. */
export function firstRow(driver: SqlDriver, sql: string, values: readonly SqlValue[] = []): SqlRow | undefined {
  if (driver.first) return driver.first(sql, values);
  for (const row of driver.rows(sql, values)) return row;
  return undefined;
}
