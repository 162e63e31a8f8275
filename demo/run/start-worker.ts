import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';

/** What every Worker of ours says of itself in its wrangler.jsonc. */
export interface WranglerConfig {
  name: string;
  main: string;
  compatibility_date: string;
  compatibility_flags: string[];
  vars: Record<string, string>;
}

export interface LocalWorker<Config> {
  /** Path of the wrangler.jsonc, relative to this folder. */
  file: string;
  /** Who is listening, for the line that says where. */
  title: string;
  port: number;
  /** Names of bindings beside `vars` that are taken from the environment as well. */
  secrets: readonly string[];
  /** Miniflare's options for what else this Worker has; paths in the configuration are relative to `folder`. */
  options(config: Config, folder: string): object;
}

/**
 * Runs the Worker that would be deployed in workerd, as its wrangler.jsonc describes it, and says on stdout where it listens.
 * In a process of its own, because Miniflare ends its process on a signal.
 */
export async function startWorker<Config extends WranglerConfig>(worker: LocalWorker<Config>): Promise<void> {
  const file = fileURLToPath(new URL(worker.file, import.meta.url));
  const config = readWranglerConfig<Config>(file);
  const folder = dirname(file);
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: worker.port,
    handleStructuredLogs: ({ level, message }: { level: string; message: string }) =>
      console.log(`${level}: ${message}`),
    modules: true,
    name: config.name,
    scriptPath: resolve(folder, config.main),
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    bindings: { ...config.vars, ...bindingsFrom(process.env, [...Object.keys(config.vars), ...worker.secrets]) },
    ...worker.options(config, folder),
  });
  const { origin } = await miniflare.ready;
  console.log(`${worker.title} is listening on ${origin}`);
}

// JSON with comment lines; wrangler allows more, our files use no more.
function readWranglerConfig<Config>(file: string): Config {
  return JSON.parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Config;
}

function bindingsFrom(environment: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
