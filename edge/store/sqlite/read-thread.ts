import { Worker } from 'node:worker_threads';
import type { PartReads } from './part-reads.ts';
import type { ReadAnswer } from './read-worker.ts';

type Call = { resolve: (result: never) => void; reject: (error: Error) => void };

// In the published package the thread's file has been bundled beside this one.
const FILE = import.meta.url.endsWith('.ts') ? './read-worker.ts' : './store-read-worker.js';

let thread: { worker: Worker; calls: Map<number, Call> } | undefined;
let lastId = 0;

/**
 * Asks the reading thread, which all stores of a process share; it is started with the first question and does not keep
 * the process alive by itself.
 */
export function askReadThread<M extends keyof PartReads>(
  method: M,
  ...args: Parameters<PartReads[M]>
): Promise<ReturnType<PartReads[M]>> {
  thread ??= startThread();
  const { worker, calls } = thread;
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    calls.set(id, { resolve, reject });
    // Who waits for an answer keeps the process alive.
    worker.ref();
    worker.postMessage({ id, method, args });
  });
}

function startThread(): NonNullable<typeof thread> {
  const worker = new Worker(new URL(FILE, import.meta.url), { name: 'throughline store reads' });
  const started = { worker, calls: new Map<number, Call>() };
  const end = (error: Error): void => {
    // The next question starts a new one.
    if (thread === started) thread = undefined;
    for (const { reject } of started.calls.values()) reject(error);
    started.calls.clear();
  };
  worker.on('message', (answer: ReadAnswer) => {
    const call = started.calls.get(answer.id);
    started.calls.delete(answer.id);
    if (started.calls.size === 0) worker.unref();
    if ('error' in answer) call?.reject(answer.error);
    else call?.resolve(answer.result as never);
  });
  worker.on('error', end);
  worker.on('exit', (code) => end(new Error(`The thread that reads the store ended with code ${code}.`)));
  return started;
}
