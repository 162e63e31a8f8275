import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Runtimes beside Node and workerd, as their npm packages ship them; 38 and 39 MB to fetch. No dependencies of the project:
 * not every platform's package of them is in every registry, and a lock needs all.
 */
export const RUNTIMES = {
  deno: { version: '2.9.6', scope: '@deno', program: 'deno' },
  bun: { version: '1.4.5', scope: '@oven', program: 'bin/bun' },
} as const;

export type RuntimeName = keyof typeof RUNTIMES;

const CACHE = fileURLToPath(new URL('../../../.bench/runtimes/', import.meta.url));
const FETCH_LIMIT_MS = 120_000;

/**
 * The executable of a runtime, installed once by npm into `.bench/runtimes`. No script of a package is run.
 * @returns its path, or in words why there is none
 */
export function findRuntime(name: RuntimeName): { program: string } | { missing: string } {
  const { version } = RUNTIMES[name];
  const folder = join(CACHE, `${name}-${version}`);
  if (!existsSync(folder)) {
    const missing = install(name, folder);
    if (missing) return { missing };
  }
  const program = programIn(folder, name);
  return program ? { program } : { missing: `npm has no ${name} ${version} for this platform` };
}

function install(name: RuntimeName, folder: string): string | undefined {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, '.fetch-'));
  try {
    writeFileSync(join(work, 'package.json'), '{"private":true}');
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${RUNTIMES[name].version}`];
    const { error, status, stderr } = spawnSync('npm', args, { cwd: work, encoding: 'utf8', timeout: FETCH_LIMIT_MS });
    if (error) return `npm did not bring ${name} within ${FETCH_LIMIT_MS / 1000} s`;
    if (status !== 0)
      return `npm could not install ${name}: ${stderr.split('\n').find((line) => line.includes('error'))}`;
    // Another process may have been faster; then its folder is as good.
    if (!existsSync(folder)) renameSync(work, folder);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

// Straight to the platform's package: what the main one has in its place needs an install script.
function programIn(folder: string, name: RuntimeName): string | undefined {
  const { scope, program } = RUNTIMES[name];
  const packages = join(folder, 'node_modules', scope);
  if (!existsSync(packages)) return undefined;
  return readdirSync(packages)
    .map((platform) => join(packages, platform, program))
    .find((path) => existsSync(path) && spawnSync(path, ['--version']).status === 0);
}
