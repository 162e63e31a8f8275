import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';

/** What we use of wrangler's configuration. */
interface WranglerConfig {
  name: string;
  main: string;
  compatibility_date: string;
  compatibility_flags: string[];
  assets: { directory: string };
  vars: Record<string, string>;
}

export interface RunningEdge {
  url: string;
  stop(): Promise<void>;
}

/**
 * Runs the deployed bundle in workerd, as `wrangler.jsonc` describes it.
 * @param options.vars replace those of the file
 * @param options.port 0 takes a free one
 */
export async function startEdge(options: { port: number; vars: Record<string, string> }): Promise<RunningEdge> {
  const file = fileURLToPath(new URL('../edge/wrangler.jsonc', import.meta.url));
  const config = parseJsonc(readFileSync(file, 'utf8')) as WranglerConfig;
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: options.port,
    name: config.name,
    modules: true,
    scriptPath: resolve(dirname(file), config.main),
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    bindings: { ...config.vars, ...options.vars },
    assets: {
      directory: resolve(dirname(file), config.assets.directory),
      routerConfig: { has_user_worker: true },
    },
  });
  const { origin } = await miniflare.ready;
  return { url: origin, stop: () => miniflare.dispose() };
}

/** JSON with comment lines; wrangler allows more, our file uses no more. */
function parseJsonc(text: string): unknown {
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''));
}
