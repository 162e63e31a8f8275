import type { Runtime } from './runtime.ts';

/** Any other fetch-style platform: Bun, Vercel Edge, Fastly. */
export const fetchStyle: Runtime = {
  resource: {},
  measuresComputation: true,
  showsStreams: false,
  env: (bindings) => bindings ?? (globalThis as { process?: { env?: unknown } }).process?.env ?? {},
  requestAttributes: () => ({}),
};
