import type { Runtime } from './runtime.ts';

interface BunServer {
  requestIP?(request: Request): { address?: string } | null;
}

/** Bun; `Bun.serve` hands its handler the server. */
export const bun: Runtime = {
  resource: {},
  measuresComputation: true,
  showsStreams: false,
  env: () => (globalThis as { process?: { env?: unknown } }).process?.env ?? {},
  requestAttributes: () => ({}),
  clientAddress: (request, bindings) => (bindings as BunServer | undefined)?.requestIP?.(request)?.address,
};
