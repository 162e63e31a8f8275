import type { Runtime } from './runtime.ts';

interface ServeInfo {
  completed?: Promise<void>;
  remoteAddr?: { hostname?: string };
}

/** Deno; `Deno.serve` hands its handler an info object whose `completed` settles when the response has been sent. */
export const deno: Runtime = {
  resource: {},
  measuresComputation: true,
  showsStreams: false,
  env: () => (globalThis as { Deno?: { env: { toObject(): unknown } } }).Deno?.env.toObject() ?? {},
  requestAttributes: () => ({}),
  clientAddress: (_, bindings) => (bindings as ServeInfo | undefined)?.remoteAddr?.hostname,
  responseSent: (bindings) => (bindings as ServeInfo | undefined)?.completed,
};
