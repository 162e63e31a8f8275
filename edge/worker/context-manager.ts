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

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const call = thisArg === undefined ? fn : (fn.bind(thisArg) as F);
    return this.#storage.run(context, call, ...args);
  }
}

export const contextManager = new AsyncLocalStorageContextManager();
