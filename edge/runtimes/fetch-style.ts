import type { Runtime } from './runtime.ts';

/**
 * Any other fetch-style platform, such as Vercel Edge. What it passes beside the request holds settings only where there is
 * no `process.env`.
 */
export const fetchStyle: Runtime = {
  resource: {},
  measuresComputation: true,
  showsStreams: false,
  env: (bindings) => (globalThis as { process?: { env?: unknown } }).process?.env ?? bindings ?? {},
  requestAttributes: () => ({}),
};
