import { parentPort } from 'node:worker_threads';

/** What a thread is asked: a method of the object it serves, and its arguments. */
export interface ThreadRequest {
  id: number;
  method: string;
  args: unknown[];
}

export type ThreadAnswer = { id: number } & ({ result: unknown } | { error: Error });

/** Answers what `createAskThread` asks, one after the other, with the methods of an object. */
export function serveThread(served: object): void {
  parentPort?.on('message', ({ id, method, args }: ThreadRequest) => {
    let answer: ThreadAnswer;
    try {
      const call = (served as Record<string, (...args: unknown[]) => unknown>)[method];
      answer = { id, result: call?.apply(served, args) };
    } catch (error) {
      answer = { id, error: error as Error };
    }
    parentPort?.postMessage(answer);
  });
}
