import { readFileSync } from 'node:fs';

/** Reads a wrangler.jsonc: JSON with comment lines; wrangler allows more, our files use no more. */
export function readWranglerConfig<Config>(file: string): Config {
  return JSON.parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Config;
}

/** What the environment sets of the bindings a worker knows by name. */
export function bindingsFrom(environment: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
