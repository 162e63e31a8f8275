import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqlDriver, SqlRow } from '../sql/sql-driver.ts';

/** `node:sqlite` as the driver the SQL of all backends is written for. */
export function nodeSqlDriver(database: DatabaseSync): SqlDriver {
  // A statement serves one loop at a time; loops over the same text may nest.
  const idle = new Map<string, StatementSync[]>();
  const take = (sql: string): StatementSync => idle.get(sql)?.pop() ?? database.prepare(sql);
  const giveBack = (sql: string, statement: StatementSync): void => {
    const statements = idle.get(sql);
    if (statements) statements.push(statement);
    else idle.set(sql, [statement]);
  };
  return {
    exec: (sql) => database.exec(sql),
    run(sql, values) {
      const statement = take(sql);
      statement.run(...values);
      giveBack(sql, statement);
    },
    first(sql, values) {
      const statement = take(sql);
      const row = statement.get(...values) as SqlRow | undefined;
      giveBack(sql, statement);
      return row;
    },
    *rows(sql, values) {
      const statement = take(sql);
      try {
        yield* statement.iterate(...values) as Iterable<SqlRow>;
      } finally {
        giveBack(sql, statement);
      }
    },
    transaction(work) {
      database.exec('BEGIN IMMEDIATE');
      try {
        work();
        database.exec('COMMIT');
      } catch (error) {
        // After some errors (a full disk) SQLite has rolled back by itself.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}
