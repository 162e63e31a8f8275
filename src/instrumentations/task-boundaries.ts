import type { Context } from '@opentelemetry/api';
import { type Stop, stopAll } from '../browser/guard.ts';
import { patchMethod } from '../browser/patch.ts';
import type { Instrumentation } from '../core.ts';

const CALL_BACK_ONCE = ['setTimeout', 'requestAnimationFrame', 'requestIdleCallback'] as const;
const BODY_READS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

/**
 * Re-enters the context in which a task was asked for when that task runs: timers, frames, idle callbacks, reads of
 * bodies and streams, messages. Emits nothing. Where no context is held, nothing is wrapped.
 */
export const taskBoundaries: Instrumentation = {
  name: 'context',
  start({ contexts, activities }) {
    const held = (): Context | undefined => {
      const context = contexts.held();
      return context && activities.isLive(context) ? context : undefined;
    };
    const patchCallback = (name: (typeof CALL_BACK_ONCE)[number] | 'setInterval', mayEnter: (of: Context) => boolean) =>
      patchMethod(window, name, (_, [callback, ...rest]) => {
        const context = held();
        if (!context || typeof callback !== 'function') return undefined;
        const carried = function (this: unknown, ...given: unknown[]) {
          contexts.hold(mayEnter(context) ? context : undefined);
          return callback.apply(this, given);
        };
        return { args: [carried, ...rest] };
      });
    const patchPromise = <O extends object>(owner: O | undefined, name: keyof O & string): Stop =>
      patchMethod(owner, name, () => {
        const context = held();
        return context && { returned: (result) => contexts.carryPromise(context, result as Promise<unknown>) };
      });

    return stopAll([
      ...CALL_BACK_ONCE.map((name) => patchCallback(name, activities.isLive)),
      // What an interval does once its activity is over is not what the visitor asked for any more.
      patchCallback('setInterval', (context) => activities.of(context)?.isOpen ?? true),
      ...BODY_READS.map((name) => patchPromise(Response.prototype, name)),
      patchPromise(ReadableStreamDefaultReader.prototype, 'read'),
      patchMethod(MessagePort.prototype, 'postMessage', () => {
        const context = held();
        if (context) contexts.announce(context);
        return undefined;
      }),
    ]);
  },
};
