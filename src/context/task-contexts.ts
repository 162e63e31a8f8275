import { type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { guard } from '../browser/guard.ts';

/** OpenTelemetry's context manager plus what task boundaries need. */
export interface TaskContexts extends ContextManager {
  /** The context of this task or call stack; `undefined` where `active` would have to guess. */
  held(): Context | undefined;
  /** `held()`, or what the task before this one held: for what the browser queues after a task. */
  recent(): Context | undefined;
  /** Makes `context` the one of this task and its microtasks. */
  hold(context: Context | undefined): void;
  /**
   * Holds `context` for the message task that comes next after those already posted. Called right before a page posts a
   * message of its own, so that its handler runs in `context` without being wrapped: messages arrive in order.
   */
  announce(context: Context): void;
  /** A promise that settles as `promise` does and whose continuations run in `context`. */
  carryPromise<T>(context: Context, promise: Promise<T>): Promise<T>;
}

/**
 * Keeps the context of a task until its microtasks are done, so that `await` keeps it, without patching Promise.
 *
 * A task enters its context with `hold`: at an event, or where a boundary we patched calls back. The microtasks that
 * follow belong to the same task, so they see it too. A message to ourselves is the next task we get: the stack and the
 * microtask queue are empty then, and whatever is held is let go. Tasks that come between without passing a
 * boundary we know see the held context; all boundaries that matter enter their own.
 * @param fallback the context of what runs outside of any known task
 */
export function createTaskContexts(fallback: () => Context | undefined): TaskContexts {
  let current: Context | undefined;
  let last: Context | undefined;
  let resetPending = false;
  let enabled = true;
  const reset = guard(() => {
    resetPending = false;
    last = current;
    current = undefined;
  });
  const resets = new MessageChannel();
  const announcements = new MessageChannel();
  const announced: Context[] = [];
  // Our own calls of a method that may be patched, by us for one.
  const post = MessagePort.prototype.postMessage;
  resets.port1.onmessage = reset;
  announcements.port1.onmessage = guard(() => contexts.hold(announced.shift()));

  const contexts: TaskContexts = {
    active: () => current ?? (enabled ? fallback() : undefined) ?? ROOT_CONTEXT,
    held: () => current,
    recent: () => current ?? last,
    hold(context) {
      current = context;
      if (resetPending || !enabled) return;
      resetPending = true;
      post.call(resets.port2, 0);
    },
    with(context, fn, thisArg, ...args) {
      const before = current;
      // First in line of the microtasks that `fn` queues: what it awaits first continues in `context`, while the code
      // after this call does not.
      let isAsync = false;
      queueMicrotask(() => {
        if (isAsync) contexts.hold(context);
      });
      current = context;
      try {
        const result = fn.call(thisArg as ThisParameterType<typeof fn>, ...args);
        isAsync = (result as unknown) instanceof Promise;
        return result;
      } finally {
        current = before;
      }
    },
    bind: (context, target) =>
      typeof target === 'function'
        ? (function (this: unknown, ...args: unknown[]) {
            return contexts.with(context, () => target.apply(this, args));
          } as typeof target)
        : target,
    announce(context) {
      announced.push(context);
      post.call(announcements.port2, 0);
    },
    carryPromise(context, promise) {
      // Always a promise of its own: one that we listen to as well counts as handled, and the page's must not.
      if (context === ROOT_CONTEXT) return promise.then((value) => value);
      // Never a rejection handler of ours that throws on: browsers do not report what a script of another origin rejects.
      promise.then(undefined, () => contexts.hold(context));
      return promise.then((value) => {
        contexts.hold(context);
        return value;
      });
    },
    enable: () => contexts,
    disable() {
      enabled = false;
      current = last = undefined;
      resets.port1.close();
      announcements.port1.close();
      return contexts;
    },
  };
  return contexts;
}
