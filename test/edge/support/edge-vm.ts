import { AsyncLocalStorage } from 'node:async_hooks';
import { EdgeRuntime, runServer } from 'edge-runtime';
import { bundle, type Worker } from './workerd.ts';

/** What Vercel puts in place of the one module of Node that its edge functions have and that we use. */
const ASYNC_HOOKS = {
  name: 'async-hooks',
  setup(build: import('esbuild').PluginBuild) {
    build.onResolve({ filter: /^node:async_hooks$/ }, ({ path }) => ({ path, namespace: 'global' }));
    build.onLoad({ filter: /.*/, namespace: 'global' }, () => ({
      contents: 'export const { AsyncLocalStorage } = globalThis;',
    }));
  },
};

/** Runs a worker of `test/edge/workers` in the virtual machine of Vercel's edge functions, with its fetch events. */
export async function startEdgeVm(entry: string, env: Record<string, string>): Promise<Worker> {
  const code = await bundle(`${entry}-events`, { format: 'iife', conditions: ['edge-light'], plugins: [ASYNC_HOOKS] });
  return serve(code, { AsyncLocalStorage, process: { env } });
}

/**
 * The same machine with what Fastly Compute has: fetch events, no module of Node and no AsyncLocalStorage. Fastly's own
 * runtime needs its hosts' calls or Viceroy, which comes from no package registry.
 */
export async function startEdgeVmWithoutContext(entry: string, env: Record<string, string>): Promise<Worker> {
  const code = await bundle(`${entry}-events`, { format: 'iife', conditions: ['fastly'], external: [] });
  return serve(code, { process: { env } });
}

async function serve(initialCode: string, globals: object): Promise<Worker> {
  const runtime = new EdgeRuntime({ initialCode, extend: (context) => Object.assign(context, globals) });
  const server = await runServer({ runtime, host: '127.0.0.1', port: 0 });
  return { url: server.url.replace(/\/$/, ''), stop: async () => void (await server.close()) };
}
