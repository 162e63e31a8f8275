import { startChild } from './child-worker.ts';
import { findRuntime, type RuntimeName } from './runtime-program.ts';
import { startWorker, type Worker } from './workerd.ts';

export interface Platform {
  name: 'workerd' | 'Node' | 'Deno' | 'Bun';
  /** With a reason why it is not here, when it is not. */
  title: string;
  missing: string | undefined;
  /** @param worker its name in `test/edge/workers`; elsewhere than in workerd, that of the file that serves it */
  start(worker: string, env: Record<string, string>): Promise<Worker>;
}

/** Every runtime here on which the same worker runs with the same results. */
export const PLATFORMS: readonly Platform[] = [
  {
    name: 'workerd',
    title: 'workerd',
    missing: undefined,
    start: (worker, bindings) =>
      startWorker(worker, { bindings, compatibilityFlags: ['nodejs_als', 'enable_request_signal'] }),
  },
  {
    name: 'Node',
    title: 'Node',
    missing: undefined,
    start: (worker, env) => startChild([process.execPath], `${worker}-served`, env),
  },
  installed('Deno', 'deno', ['run', '--no-config', '--no-prompt', '--allow-net=127.0.0.1', '--allow-env']),
  installed('Bun', 'bun', ['run']),
];

function installed(name: 'Deno' | 'Bun', runtime: RuntimeName, args: string[]): Platform {
  const found = findRuntime(runtime);
  const missing = 'missing' in found ? found.missing : undefined;
  if (missing) console.error(`${name} is not tested: ${missing}.`);
  return {
    name,
    title: missing ? `${name} (skipped: ${missing})` : name,
    missing,
    start: (worker, env) => startChild(['program' in found ? found.program : '', ...args], `${worker}-served`, env),
  };
}
