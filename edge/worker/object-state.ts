import type { Link, SpanContext } from '@opentelemetry/api';
import { traceStorage } from './bindings/object-storage.ts';
import { contextManager } from './context-manager.ts';
import { spanOf } from './edge-context.ts';

type Method = (...args: unknown[]) => unknown;

/** What of a Durable Object's `ctx` is watched. */
interface ObjectState {
  storage?: Record<string, Method>;
  acceptWebSocket?: Method;
}

/** Who caused what the platform will call the object for later. */
export interface Causes {
  /** Links of a run of `handler`: to who set the alarm, or to the request that brought the socket. */
  of(handler: string, args: readonly unknown[]): Link[];
}

/**
 * Watches `setAlarm` and `acceptWebSocket` of a Durable Object's state, so that alarms and socket handlers link to the spans
 * that caused them. Remembered in memory alone: storing it would be a write the app did not ask for. After the object was
 * evicted there is no link.
 * @param storageName traces all storage calls under this name; without it they are not
 */
export function watchState(ctx: object, storageName: string | undefined): Causes {
  const state = ctx as ObjectState;
  const { storage, acceptWebSocket } = state;
  let alarm: SpanContext | undefined;
  const sockets = new WeakMap<object, SpanContext>();
  const active = (): SpanContext | undefined => spanOf(contextManager.active())?.spanContext();
  if (typeof storage?.['setAlarm'] === 'function') {
    const onAlarm = (): void => {
      alarm = active();
    };
    shadow(state, 'storage', traceStorage(storage, { name: storageName, onAlarm }));
  }
  if (typeof acceptWebSocket === 'function')
    shadow(state, 'acceptWebSocket', (...args: unknown[]) => {
      const cause = active();
      if (cause) sockets.set(args[0] as object, cause);
      return acceptWebSocket.apply(ctx, args);
    });
  return {
    of(handler, args) {
      const cause = handler === 'alarm' ? alarm : sockets.get(args[0] as object);
      return cause ? [{ context: cause }] : [];
    },
  };
}

// The platform checks that `ctx` is its own, so a proxy would not do.
function shadow(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { configurable: true, enumerable: true, value });
}
