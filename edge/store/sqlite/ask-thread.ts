import { Worker } from 'node:worker_threads';
import type { ThreadAnswer } from './serve-thread.ts';

type Call = { resolve: (result: never) => void; reject: (error: Error) => void };
type Methods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T];

/** What asks a thread for a method of the object it serves; the last argument names what need not be copied. */
export type AskThread<T> = <M extends Methods<T>>(
  method: M,
  args: T[M] extends (...args: infer A) => unknown ? A : never,
  transfer?: ArrayBuffer[],
) => Promise<T[M] extends (...args: never[]) => infer R ? R : never>;

// A thread makes garbage and keeps little: with more room for new objects, it would only hold more memory.
const YOUNG_GENERATION_MB = 12;

/**
 * A thread that all stores of a process share; it is started with the first question and does not keep the process alive by
 * itself.
 */
export function createAskThread<T>(file: URL, name: string): AskThread<T> {
  let thread: { worker: Worker; calls: Map<number, Call> } | undefined;
  let lastId = 0;

  const start = (): NonNullable<typeof thread> => {
    const worker = new Worker(file, { name, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } });
    const started = { worker, calls: new Map<number, Call>() };
    const end = (error: Error): void => {
      // The next question starts a new one.
      if (thread === started) thread = undefined;
      for (const { reject } of started.calls.values()) reject(error);
      started.calls.clear();
    };
    worker.on('message', (answer: ThreadAnswer) => {
      const call = started.calls.get(answer.id);
      started.calls.delete(answer.id);
      if (started.calls.size === 0) worker.unref();
      if ('error' in answer) call?.reject(answer.error);
      else call?.resolve(answer.result as never);
    });
    worker.on('error', end);
    worker.on('exit', (code) => end(new Error(`The thread "${name}" ended with code ${code}.`)));
    return started;
  };

  return (method, args, transfer = []) => {
    thread ??= start();
    const { worker, calls } = thread;
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      calls.set(id, { resolve, reject });
      // Who waits for an answer keeps the process alive.
      worker.ref();
      worker.postMessage({ id, method, args }, transfer);
    });
  };
}
