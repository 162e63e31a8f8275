import type { Runtime } from './runtime.ts';

/** Deno; `Deno.serve` hands its handler an info object whose `completed` settles when the response has been sent. */
export const deno: Runtime = {
  resource: {},
  measuresComputation: true,
  showsStreams: false,
  env: () => (globalThis as { Deno?: { env: { toObject(): unknown } } }).Deno?.env.toObject() ?? {},
  requestAttributes: () => ({}),
  responseSent: (bindings) => (bindings as { completed?: Promise<void> } | undefined)?.completed,
};
