import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_SYSTEM_NAME,
} from '../../../src/wire/names.ts';
import { contextManager } from '../context-manager.ts';
import { withSpan } from '../edge-context.ts';
import { operationOf, withoutLiterals } from './d1.ts';
import { around, intercept } from './intercept.ts';
import { tracedCall } from './traced-call.ts';

type Target = Record<string, unknown>;
type Method = (...args: unknown[]) => unknown;

const SYSTEM = 'cloudflare.durable_object';
const CALLS = ['get', 'put', 'delete', 'list', 'deleteAll', 'getAlarm', 'setAlarm', 'deleteAlarm', 'sync'];

interface StorageTracing {
  /** Name of the class; without it no call becomes a span. */
  name: string | undefined;
  /** Called when the app sets an alarm. */
  onAlarm(): void;
}

/**
 * The storage of a Durable Object. With a name: span `{operation} {name}` for its asynchronous calls, those inside
 * `transaction` too, and for `sql.exec` with the text of the query without its literals. Keys and values are not recorded.
 */
export function traceStorage(storage: Target, { name, onAlarm }: StorageTracing): object {
  const traced = name === undefined ? {} : traceCalls(storage, name);
  const setAlarm = (traced['setAlarm'] ?? (storage['setAlarm'] as Method).bind(storage)) as Method;
  return intercept(storage, {
    ...traced,
    setAlarm: (...args: unknown[]) => {
      onAlarm();
      return setAlarm(...args);
    },
  });
}

function traceCalls(target: Target, name: string): Record<string, unknown> {
  const about = (operation: string, system: string, query?: string) => ({
    name: `${operation} ${name}`,
    binding: name,
    attributes: {
      [ATTR_DB_SYSTEM_NAME]: system,
      [ATTR_DB_OPERATION_NAME]: operation,
      [ATTR_DB_NAMESPACE]: name,
      [ATTR_DB_QUERY_TEXT]: query,
    },
  });
  const methods: Record<string, unknown> = around(target, CALLS, (operation, work) =>
    tracedCall(about(operation, SYSTEM), work),
  );
  const { transaction, sql } = target as { transaction?: Method; sql?: Target };
  if (transaction)
    methods['transaction'] = (closure: unknown) =>
      tracedCall(about('transaction', SYSTEM), (span) => {
        const inside = (txn: Target): unknown => (closure as Method)(intercept(txn, traceCalls(txn, name)));
        const active = contextManager.active();
        return contextManager.with(span ? withSpan(active, span) : active, () => transaction.call(target, inside));
      });
  if (!sql) return methods;
  const exec = around(sql, ['exec'], (_, run, [query]) => {
    const text = String(query);
    return tracedCall(about(operationOf(text), 'sqlite', withoutLiterals(text)), run);
  });
  return { ...methods, sql: intercept(sql, exec) };
}
