import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { type Stop, stopAll } from '../browser/guard.ts';
import { patchMethod } from '../browser/patch.ts';
import type { Instrumentation } from '../core.ts';

const CALL_BACK_ONCE = ['setTimeout', 'requestAnimationFrame', 'requestIdleCallback'] as const;
const BODY_READS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

/** Of what is nobody's any more, so that it is not taken for that of whatever happens to be open; its requests are roots. */
const DETACHED = ROOT_CONTEXT.setValue(createContextKey('throughline detached'), true);

type MayEnter = (of: Context) => boolean;
/** Prioritized Task Scheduling, which TypeScript does not know yet. */
interface Scheduler {
  postTask: unknown;
  yield: unknown;
}

/**
 * Re-enters the context in which a task was asked for when that task runs: timers, frames, idle callbacks, scheduled
 * tasks, reads of bodies and streams, messages. Emits nothing. Where no context is held, nothing is wrapped.
 */
export const taskBoundaries: Instrumentation = {
  name: 'context',
  start({ contexts, activities }) {
    const held = (): Context | undefined => {
      const context = contexts.held();
      return context && activities.isLive(context) ? context : undefined;
    };
    const patchCallback = <O extends object>(owner: O | undefined, name: keyof O & string, mayEnter: MayEnter): Stop =>
      patchMethod(owner, name, (_, [callback, ...rest]) => {
        const context = held();
        if (!context || typeof callback !== 'function') return undefined;
        const carried = function (this: unknown, ...given: unknown[]) {
          contexts.hold(mayEnter(context) ? context : DETACHED);
          return callback.apply(this, given);
        };
        return { args: [carried, ...rest] };
      });
    const patchPromise = <O extends object>(owner: O | undefined, name: keyof O & string): Stop =>
      patchMethod(owner, name, () => {
        const context = held();
        return context && { returned: (result) => contexts.carryPromise(context, result as Promise<unknown>) };
      });

    const scheduler = (window as { Scheduler?: { prototype: Scheduler } }).Scheduler?.prototype;

    return stopAll([
      ...CALL_BACK_ONCE.map((name) => patchCallback(window, name, activities.isLive)),
      // What an interval does once its activity is over is not what the visitor asked for any more.
      patchCallback(window, 'setInterval', (context) => activities.of(context)?.isOpen ?? true),
      patchCallback(scheduler, 'postTask', activities.isLive),
      patchPromise(scheduler, 'yield'),
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
