import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_SYSTEM_NAME,
} from '../../../src/wire/names.ts';
import type { BindingKind } from './binding-kind.ts';
import { around, intercept } from './intercept.ts';
import { tracedCall } from './traced-call.ts';

/** The platform's statement behind ours: `batch` takes only its own. */
const originals = new WeakMap<object, object>();

interface Statement {
  bind(...values: unknown[]): Statement;
}

interface Database {
  prepare(query: string): Statement;
}

/**
 * D1: span `{operation} {binding}` for `first`, `run`, `all`, `raw` of a statement, `batch` and `exec`; the text of the
 * query with its literals replaced by `?`, never the bound values.
 */
export const d1: BindingKind = {
  is: (binding) => binding.constructor?.name === 'D1Database',
  trace: (binding, name) => traceDatabase(binding as Database, name),
};

function traceDatabase(database: Database, name: string): object {
  const span = (operation: string, more: Record<string, string | number>) => ({
    name: `${operation} ${name}`,
    binding: name,
    attributes: {
      [ATTR_DB_SYSTEM_NAME]: 'sqlite',
      [ATTR_DB_NAMESPACE]: name,
      [ATTR_DB_OPERATION_NAME]: operation,
      ...more,
    },
  });
  const traceStatement = (statement: Statement, query: string): Statement => {
    const about = span(operationOf(query), { [ATTR_DB_QUERY_TEXT]: withoutLiterals(query) });
    const traced = intercept(statement, {
      ...around(statement, ['first', 'run', 'all', 'raw'], (_, call) => tracedCall(about, call)),
      bind: (...values: unknown[]) => traceStatement(statement.bind(...values), query),
    });
    originals.set(traced, statement);
    return traced;
  };
  const session = (target: object): object =>
    intercept(target, {
      ...around(target, ['prepare'], (_, call, [query]) => traceStatement(call() as Statement, String(query))),
      batch: (statements: object[]) =>
        tracedCall(span('BATCH', { [ATTR_DB_OPERATION_BATCH_SIZE]: statements.length }), () =>
          (target as { batch(list: object[]): unknown }).batch(
            statements.map((statement) => originals.get(statement) ?? statement),
          ),
        ),
      ...around(target, ['exec'], (_, call, [query]) =>
        tracedCall(span(operationOf(String(query)), { [ATTR_DB_QUERY_TEXT]: withoutLiterals(String(query)) }), call),
      ),
      ...around(target, ['withSession'], (_, call) => session(call() as object)),
    });
  return session(database);
}

/** The first word of a query, such as `SELECT`. */
export function operationOf(query: string): string {
  return /^\s*([a-z]{1,20})/i.exec(query)?.[1]?.toUpperCase() ?? 'QUERY';
}

/** Strings, blobs and numbers of a query become `?`: they may be anyone's data. Linear. */
export function withoutLiterals(query: string): string {
  return query
    .slice(0, 4096)
    .replace(/x?'(?:[^']|'')*(?:'|$)/gi, '?')
    .replace(/(?<![\w?"`[\]])\d[\w.]*/g, '?');
}
