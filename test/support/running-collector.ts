import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type Collector,
  type CollectorOptions,
  createCollector,
  createKeyRing,
  type IngestKey,
  openSqliteStore,
  serveCollector,
  type TraceStore,
} from '../../edge/server.ts';

import { runCollectorWorker } from './running-collector-worker.ts';

/** The command line as it ships. */
const CLI = 'dist/cli.js';

export const PUBLIC_KEY = 'pk_test_public';
export const SECRET_KEY = 'sk_test_secret';

export const TEST_KEYS: IngestKey[] = [
  { id: 'web', key: PUBLIC_KEY, kind: 'public', services: ['*'], origins: ['*'] },
  { id: 'server', key: SECRET_KEY, kind: 'secret', services: ['*'], origins: ['*'] },
];

export interface RunningCollector {
  url: string;
  store: TraceStore;
  collector: Collector;
  directory: string;
  stop(): Promise<void>;
}

export interface RunOptions extends Partial<Omit<CollectorOptions, 'keys'>> {
  directory?: string;
  keys?: IngestKey[];
}

/**
 * A collector on a free port with a real store: in this process, or, in the project `collector-worker`, as a Worker in
 * workerd, of which there is nothing but its address to be had.
 */
export async function runCollector(options: RunOptions = {}): Promise<RunningCollector> {
  if (process.env.THROUGHLINE_TEST_RUNTIME === 'workerd') {
    const { keys = TEST_KEYS, readToken } = options;
    const worker = await runCollectorWorker(readToken === undefined ? { keys } : { keys, readToken });
    return worker as RunningCollector;
  }
  const { directory: given, keys = TEST_KEYS, ...rest } = options;
  const directory = given ?? mkdtempSync(join(tmpdir(), 'throughline-collector-'));
  const store = options.store ?? (await openSqliteStore({ directory }));
  const collector = createCollector({ acceptLocal: true, ...rest, store, keys: createKeyRing(keys) });
  const server = await serveCollector({ collector, port: 0 });
  return {
    url: server.url,
    store,
    collector,
    directory,
    async stop() {
      await server.close();
      await store.close();
      if (given === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface CollectorProcess {
  url: string;
  process: ChildProcess;
  /** Everything it printed on standard output until it was ready. */
  banner: string;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

export interface SpawnOptions {
  data: string;
  args?: string[];
  env?: NodeJS.ProcessEnv;
  cli?: string;
}

/** The real command line as a process of its own; resolves when it listens. */
export async function spawnCollector({
  data,
  args = [],
  env = {},
  cli = CLI,
}: SpawnOptions): Promise<CollectorProcess> {
  const child = spawn(process.execPath, [cli, '--port', '0', '--data', data, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  let banner = '';
  for await (const line of createInterface({ input: child.stdout })) {
    banner += `${line}\n`;
    const url = /^Throughline is listening on (\S+)$/.exec(line)?.[1];
    if (!url) continue;
    return {
      url,
      process: child,
      banner,
      async kill(signal) {
        if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
        const exited = once(child, 'exit');
        child.kill(signal);
        await exited;
        return child.exitCode;
      },
    };
  }
  throw new Error(`the collector did not start: ${errors}`);
}

/** What the command line prints and answers when it does not stay up. */
export async function runCli(args: string[], options: { env?: NodeJS.ProcessEnv; cli?: string } = {}) {
  const child = spawn(process.execPath, [options.cli ?? CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** Polls until `check` gives something; fails loudly at the deadline. */
export async function until<T>(check: () => Promise<T | undefined> | T | undefined, timeoutMs = 10_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await check();
    if (result !== undefined) return result;
    if (Date.now() > deadline) throw new Error(`nothing after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
