import type { Context } from '@opentelemetry/api';
import { EdgeContext, invocationOf } from './edge-context.ts';
import type { Invocation } from './invocation.ts';

const ROOT = new EdgeContext();

/**
 * Stands in for `context-manager.ts` where there is no AsyncLocalStorage (Fastly Compute, condition `fastly`). A context is
 * active in the synchronous part of a call; that of an invocation also in what it does later, as long as no other invocation
 * runs beside it: of two at once nobody can tell whose code runs after an `await`.
 */
class HeldContextManager {
  #current: Context | undefined;
  readonly #running = new Map<Invocation, Context>();

  active(): Context {
    if (this.#current) return this.#current;
    const [held] = this.#running.values();
    return held && this.#running.size === 1 ? held : ROOT;
  }

  with<T>(context: Context, fn: () => T): T {
    const outer = this.#current;
    const release = this.#hold(context);
    this.#current = context;
    let result: T | undefined;
    try {
      result = fn();
      return result;
    } finally {
      this.#current = outer;
      const { then } = (result ?? {}) as Partial<PromiseLike<unknown>>;
      if (typeof then === 'function') then.call(result, release, release);
      else release();
    }
  }

  /** Until what it returns is called, unless the invocation runs already. */
  #hold(context: Context): () => void {
    const invocation = invocationOf(context);
    if (!invocation || this.#running.has(invocation)) return () => {};
    this.#running.set(invocation, context);
    return () => void this.#running.delete(invocation);
  }
}

export const contextManager = new HeldContextManager();
