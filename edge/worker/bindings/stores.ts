import { ATTR_DB_NAMESPACE, ATTR_DB_OPERATION_NAME, ATTR_DB_SYSTEM_NAME } from '../../../src/wire/names.ts';
import type { BindingKind } from './binding-kind.ts';
import { around, intercept } from './intercept.ts';
import { tracedCall } from './traced-call.ts';

/**
 * Stores whose calls are one operation each: span `{operation} {binding}`, `db.system.name`, `db.operation.name`,
 * `db.namespace`. Keys are not recorded: they are people's as often as not.
 */
function store(className: string, system: string, operations: readonly string[]): BindingKind {
  return {
    is: (binding) => binding.constructor?.name === className,
    trace: (binding, name) =>
      intercept(
        binding,
        around(binding, operations, (operation, call) =>
          tracedCall(
            {
              name: `${operation} ${name}`,
              binding: name,
              attributes: {
                [ATTR_DB_SYSTEM_NAME]: system,
                [ATTR_DB_OPERATION_NAME]: operation,
                [ATTR_DB_NAMESPACE]: name,
              },
            },
            call,
          ),
        ),
      ),
  };
}

export const kv = store('KvNamespace', 'cloudflare.kv', ['get', 'getWithMetadata', 'put', 'list', 'delete']);
export const r2 = store('R2Bucket', 'cloudflare.r2', ['head', 'get', 'put', 'delete', 'list', 'createMultipartUpload']);
export const vectorize = store('VectorizeIndexImpl', 'cloudflare.vectorize', [
  ...['query', 'queryById', 'insert', 'upsert', 'getByIds', 'deleteByIds', 'describe'],
]);
