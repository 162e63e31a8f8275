import { contextManager } from './context-manager.ts';
import { tracedFetch } from './traced-fetch.ts';
import { tracerProvider } from './tracer.ts';

/** Where every copy of `@opentelemetry/api` 1.x looks for its implementation. */
const API_KEY = Symbol.for('opentelemetry.js.api.1');
/** An API copy accepts what was registered by its own minor version or a later one. */
const ANY_MINOR_VERSION = '1.99.0';

interface ApiGlobals {
  version: string;
  trace?: unknown;
  context?: unknown;
}

/**
 * Gives OpenTelemetry's API our tracer and context without importing it (ADR 0003). An SDK that came first keeps the
 * API; our own spans work without it.
 */
function registerApi(holder: { [API_KEY]?: ApiGlobals }): void {
  holder[API_KEY] ??= { version: ANY_MINOR_VERSION };
  const api = holder[API_KEY];
  if (api.trace || api.context) return;
  api.trace = tracerProvider;
  api.context = contextManager;
}

// On load, so that tracers an app takes at the top of its own modules are ours.
registerApi(globalThis as { [API_KEY]?: ApiGlobals });

let isRegistered = false;

/** Puts the traced `fetch` in the platform's place, once per isolate; outside invocations it is the platform's. */
export function register(): void {
  if (isRegistered) return;
  isRegistered = true;
  globalThis.fetch = tracedFetch;
}
