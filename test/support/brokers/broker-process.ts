import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface BrokerProcess {
  readonly pid: number | undefined;
  /** Polls `check` until it resolves; fails with what the process printed when it exits, or after 2 min. */
  ready(check: () => Promise<unknown>): Promise<void>;
  /** Ends this process, by its id. */
  stop(): Promise<void>;
}

const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;
const MAX_OUTPUT_CHARS = 20_000;

/**
 * A server of somebody else's as a child process. Its input stays open, because some read the end of it as the end of work;
 * and it has a process group of its own, so that a Ctrl-C reaches it in order, through `stop`.
 */
export function startBroker(command: string, args: string[], env: NodeJS.ProcessEnv = {}): BrokerProcess {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk).slice(-MAX_OUTPUT_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(`${error.message}\n`)));
  return {
    pid: child.pid,
    async ready(check) {
      const untilMs = Date.now() + READY_LIMIT_MS;
      for (;;) {
        const failure = await check().then(
          () => undefined,
          (error) => error as Error,
        );
        if (!failure) return;
        if (hasExited(child)) throw new Error(`${command} exited:\n${output}`);
        if (Date.now() > untilMs) throw new Error(`${command} is not ready: ${failure.message}\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async stop() {
      if (hasExited(child)) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(late);
    },
  };
}

function hasExited(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
