import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('shop-backend/sqlite');

/** One statement of the shop: what its span is called and what it runs. */
export interface Statement {
  operation: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  table: string;
  sql: string;
}

/**
 * Runs a statement under a client span named after OpenTelemetry's database conventions and returns its rows.
 * @throws what SQLite throws, after the span has been marked
 */
export function query<Row>(database: DatabaseSync, statement: Statement, ...values: SQLInputValue[]): Row[] {
  const { operation, table, sql } = statement;
  const attributes = {
    'db.system.name': 'sqlite',
    'db.operation.name': operation,
    'db.collection.name': table,
    'db.query.text': sql.replace(/\s+/g, ' ').trim(),
  };
  return tracer.startActiveSpan(`${operation} ${table}`, { kind: SpanKind.CLIENT, attributes }, (span) => {
    try {
      return database.prepare(sql).all(...values) as Row[];
    } catch (error) {
      span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}
