import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from '@opentelemetry/api';
import { EdgeContext } from './edge-context.ts';

const ROOT = new EdgeContext();

/**
 * The isolate's one context, on AsyncLocalStorage. A store is only ever entered by `run`: a snapshot kept past its
 * request would throw in workerd when another request used it.
 */
class AsyncLocalStorageContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT;
  }

  with<T>(context: Context, fn: () => T): T {
    return this.#storage.run(context, fn);
  }
}

export const contextManager = new AsyncLocalStorageContextManager();
