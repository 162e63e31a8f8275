import { bindings, type Options } from 'throughline/cloudflare';
import type { Env } from './app.ts';

/** How the worker traces: from its bindings, so that nothing of a deployment is in the code. */
export function tracing(env: Env): Options {
  return {
    service: 'shop-edge',
    collector: env.COLLECTOR_URL,
    key: env.THROUGHLINE_SECRET_KEY,
    // The backend is ours and may have the trace context; nobody else gets it.
    propagateTo: [new URL(env.BACKEND_URL).origin],
    // Messages to our own queue carry the trace to its consumer.
    traceEnv: bindings({ queues: { ORDERS: 'shop-orders' } }),
  };
}
