import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;
const KEPT_LINES = 30;

export interface ChildOptions {
  /** What people call it, for messages. */
  name: string;
  /** Arguments of Node, the script first. */
  args: string[];
  env: Record<string, string>;
  /** Matches the line of standard output that says it is ready; its first group is the address. */
  ready: RegExp;
  /** Every line it writes once it is ready. */
  onLine?: ((line: string) => void) | undefined;
}

export interface Child {
  url: string;
  pid: number;
  /** Settles when the process has ended, for whatever reason. */
  ended: Promise<string>;
  /** Ends it: SIGTERM, and SIGKILL when that is not enough. */
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/**
 * Starts a part in a process of its own and waits until it says that it is ready.
 * @throws Error with what the process wrote, when it ends first or takes longer than 30 s
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const child = spawn(process.execPath, options.args, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: a terminal's Ctrl-C reaches who started it, who stops the parts in order.
    detached: true,
  });
  const endWithParent = () => child.kill('SIGTERM');
  process.once('exit', endWithParent);
  const lines: string[] = [];
  let isReady = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => {
      process.off('exit', endWithParent);
      resolve(signal ? `was ended by ${signal}` : `ended with code ${code}`);
    });
  });
  const ready = new Promise<string>((resolve) => {
    onLines(child, (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      if (isReady) options.onLine?.(line);
      const url = options.ready.exec(line)?.[1];
      if (!url) return;
      isReady = true;
      resolve(url);
    });
  });
  const failure = (what: string) => new Error(`The ${options.name} ${what}.\n${lines.join('\n')}`.trim());
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  const stop = async () => {
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await kill('SIGTERM');
    clearTimeout(force);
  };

  let timer: NodeJS.Timeout | undefined;
  try {
    const url = await Promise.race([
      ready,
      ended.then((how) => Promise.reject(failure(how))),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(failure('did not get ready in 30 s')), READY_TIMEOUT_MS);
      }),
    ]);
    return { url, pid: child.pid ?? 0, ended, stop, kill: () => kill('SIGKILL') };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function onLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) onLine(part);
    });
    stream?.on('end', () => rest && onLine(rest));
  }
}
