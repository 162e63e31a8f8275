import type { Runtime } from './runtime.ts';

interface NodeBindings {
  incoming?: { socket?: { remoteAddress?: string } };
  outgoing?: { once?(event: string, listener: () => void): unknown; writableEnded?: boolean };
}

/** Node with `@hono/node-server`, whose bindings hold the request and response of `node:http`. */
export const node: Runtime = {
  resource: {},
  measuresComputation: true,
  showsStreams: true,
  env: () => (globalThis as { process?: { env?: unknown } }).process?.env ?? {},
  requestAttributes: () => ({}),
  clientAddress: (_, bindings) => (bindings as NodeBindings | undefined)?.incoming?.socket?.remoteAddress,
  responseSent(bindings) {
    const outgoing = (bindings as NodeBindings | undefined)?.outgoing;
    if (typeof outgoing?.once !== 'function') return undefined;
    return new Promise((resolve) => outgoing.once?.('close', resolve));
  },
};
