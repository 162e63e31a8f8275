import { ATTR_DB_OPERATION_NAME, ATTR_DB_SYSTEM_NAME } from '../../../src/wire/names.ts';
import { tracedCall } from './traced-call.ts';

type Method = (this: unknown, ...args: unknown[]) => unknown;

let isTraced = false;

/** Traces the Cache API of this isolate, once: spans `match cache`, `put cache`, `delete cache`. */
export function traceCaches(): void {
  const prototype = (globalThis as unknown as { Cache?: { prototype: Record<string, Method> } }).Cache?.prototype;
  if (isTraced || !prototype) return;
  isTraced = true;
  for (const operation of ['match', 'put', 'delete']) {
    const original = prototype[operation];
    if (!original) continue;
    const attributes = { [ATTR_DB_SYSTEM_NAME]: 'cloudflare.cache', [ATTR_DB_OPERATION_NAME]: operation };
    prototype[operation] = function (...args) {
      return tracedCall({ name: `${operation} cache`, binding: 'caches', attributes }, () =>
        original.apply(this, args),
      );
    };
  }
}
