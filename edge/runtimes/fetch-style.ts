import type { Runtime } from './runtime.ts';

/** Any other fetch-style platform, such as Vercel Edge and Fastly. */
export const fetchStyle: Runtime = {
  resource: {},
  measuresComputation: true,
  showsStreams: false,
  env: (bindings) => bindings ?? (globalThis as { process?: { env?: unknown } }).process?.env ?? {},
  requestAttributes: () => ({}),
};
