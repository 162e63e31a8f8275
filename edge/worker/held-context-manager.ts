import type { Context, ContextManager } from '@opentelemetry/api';
import { EdgeContext, invocationOf } from './edge-context.ts';
import type { Invocation } from './invocation.ts';

const ROOT = new EdgeContext();

/**
 * Stands in for `context-manager.ts` where there is no AsyncLocalStorage (Fastly Compute, condition `fastly`). A context is
 * active in the synchronous part of a call; that of an invocation also in what it does later, as long as no other invocation
 * runs beside it: of two at once nobody can tell whose code runs after an `await`.
 */
class HeldContextManager implements ContextManager {
  #current: Context | undefined;
  readonly #running = new Map<Invocation, Context>();

  active(): Context {
    if (this.#current) return this.#current;
    const [held] = this.#running.values();
    return held && this.#running.size === 1 ? held : ROOT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const outer = this.#current;
    const release = this.#hold(context);
    this.#current = context;
    let result: ReturnType<F> | undefined;
    try {
      result = fn.apply(thisArg, args);
      return result;
    } finally {
      this.#current = outer;
      const { then } = (result ?? {}) as Partial<PromiseLike<unknown>>;
      if (typeof then === 'function') then.call(result, release, release);
      else release();
    }
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const manager = this;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return manager.with(context, () => target.apply(this, args));
    };
    Object.defineProperty(bound, 'length', { configurable: true, value: target.length });
    return bound as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
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
