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

export interface EdgeOptions {
  /** 0 takes a free one. */
  port: number;
  /** Replace those of the file. */
  vars: Record<string, string>;
  /** Every line the worker logs. */
  onLine?: ((line: string) => void) | undefined;
}

/**
 * Runs the deployed bundle in workerd, as `wrangler.jsonc` describes it.
 */
export async function startEdge({ port, vars, onLine }: EdgeOptions): Promise<RunningEdge> {
  const file = fileURLToPath(new URL('../edge/wrangler.jsonc', import.meta.url));
  const config = parseJsonc(readFileSync(file, 'utf8')) as WranglerConfig;
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port,
    name: config.name,
    handleStructuredLogs: ({ level, message }: { level: string; message: string }) => onLine?.(`${level}: ${message}`),
    modules: true,
    scriptPath: resolve(dirname(file), config.main),
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    bindings: { ...config.vars, ...vars },
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
