import { context, trace } from '@opentelemetry/api';
import { contextManager } from './context-manager.ts';
import { tracedFetch } from './traced-fetch.ts';
import { tracerProvider } from './tracer.ts';

let isRegistered = false;

/**
 * Makes this isolate traced, once: OpenTelemetry's API gets our tracer and context, and global `fetch` is traced inside
 * invocations. An SDK that registered before us keeps the API; our own spans work without it.
 */
export function register(): void {
  if (isRegistered) return;
  isRegistered = true;
  context.setGlobalContextManager(contextManager);
  trace.setGlobalTracerProvider(tracerProvider);
  globalThis.fetch = tracedFetch;
}
