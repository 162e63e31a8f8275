import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

// The binary that miniflare pins.
const { default: workerd } = createRequire(createRequire(import.meta.url).resolve('miniflare'))('workerd') as {
  default: string;
};

export interface WorkerdOptions {
  script: string;
  bindings: Record<string, string>;
  flags?: readonly string[];
  maxHeapMb?: number;
}

export interface WorkerdProcess {
  port: number;
  isAlive(): boolean;
  /** User and system time of the process so far. */
  cpuMs(): number;
  residentMb(): number;
  stop(): Promise<void>;
}

/** One raw workerd process with one worker: no Node in the way of a request. */
export async function startWorkerd(options: WorkerdOptions): Promise<WorkerdProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  writeFileSync(join(folder, 'worker.js'), options.script);
  writeFileSync(join(folder, 'config.capnp'), configOf(options));
  const child = spawn(workerd, ['serve', join(folder, 'config.capnp'), '--control-fd=3'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    if (isRunning(child)) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const port = await listeningPort(child);
    const stat = (): string[] => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return {
      port,
      stop,
      isAlive: () => isRunning(child),
      // Fields 14 and 15 of proc(5), in ticks of 10 ms.
      cpuMs: () => (Number(stat()[11]) + Number(stat()[12])) * 10,
      residentMb: () => (Number(stat()[21]) * 4096) / 1024 / 1024,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    (child.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const line of text.split('\n')) {
        if (!line.endsWith('}')) continue;
        const { event, port } = JSON.parse(line) as { event?: string; port?: number };
        if (event === 'listen' && port) resolve(port);
      }
    });
    child.once('exit', (code) => reject(new Error(`workerd exited with ${code} before it listened.`)));
  });
}

function configOf({ bindings, flags = ['nodejs_als'], maxHeapMb }: WorkerdOptions): string {
  const text = (value: string): string => JSON.stringify(value);
  const list = Object.entries(bindings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  v8Flags = [${maxHeapMb ? text(`--max-old-space-size=${maxHeapMb}`) : ''}],
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-06-01",
  compatibilityFlags = [${flags.map(text).join(', ')}],
  bindings = [${list.join(', ')}],
);
`;
}
