import type { ContextManager } from '@opentelemetry/api';
import { acceptForeign } from './child-span.ts';
import { contextManager } from './context-manager.ts';
import { placeUnderForeign, tracerProvider } from './tracer.ts';

/** Where every copy of `@opentelemetry/api` 1.x looks for its implementation. */
const API_KEY = Symbol.for('opentelemetry.js.api.1');
/** An API copy accepts what was registered by its own minor version or a later one. */
const ANY_MINOR_VERSION = '1.99.0';

interface ApiGlobals {
  version: string;
  trace?: unknown;
  context?: unknown;
}

const apiContextManager: ContextManager = {
  active: () => contextManager.active(),
  with: (context, fn, thisArg, ...args) => contextManager.with(context, () => fn.apply(thisArg, args)),
  bind(context, target) {
    if (typeof target !== 'function') return target;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return contextManager.with(context, () => target.apply(this, args));
    };
    Object.defineProperty(bound, 'length', { configurable: true, value: target.length });
    return bound as typeof target;
  },
  enable: () => apiContextManager,
  disable: () => apiContextManager,
};

/**
 * Gives OpenTelemetry's API our tracer and context without importing it (ADR 0003). An SDK that came first keeps the
 * API; our own spans work without it.
 */
function registerApi(holder: { [API_KEY]?: ApiGlobals }): void {
  acceptForeign(placeUnderForeign);
  holder[API_KEY] ??= { version: ANY_MINOR_VERSION };
  const api = holder[API_KEY];
  if (api.trace || api.context) return;
  api.trace = tracerProvider;
  api.context = apiContextManager;
}

// On load, so that tracers an app takes at the top of its own modules are ours.
registerApi(globalThis as { [API_KEY]?: ApiGlobals });
