import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { Miniflare, type WorkerOptions } from 'miniflare';

export interface Worker {
  url: string;
  stop(): Promise<void>;
}

/** Bundles a worker of `test/edge/workers` against the built package, as a user's bundler would. */
export async function bundle(entry: string, more: BuildOptions = {}): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(`../workers/${entry}.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker'],
    // ws is CommonJS and asks for Node's modules in a way no bundle answers.
    external: ['node:*', 'cloudflare:*', 'ws'],
    // Not our tsconfig: its paths lead to the sources.
    tsconfigRaw: {},
    ...more,
    write: false,
  });
  return (result.outputFiles[0] as { text: string }).text;
}

/** Runs a worker in real workerd on a free port of loopback. */
export async function startWorker(entry: string, options: Partial<WorkerOptions> = {}): Promise<Worker> {
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    modules: true,
    script: await bundle(entry),
    compatibilityDate: '2026-06-01',
    compatibilityFlags: ['nodejs_als'],
    ...options,
  } as ConstructorParameters<typeof Miniflare>[0]);
  const url = (await miniflare.ready).origin;
  return { url, stop: () => miniflare.dispose() };
}
