import { parentPort } from 'node:worker_threads';
import { PartReads } from './part-reads.ts';

/** What the reading thread is asked: a method of `PartReads` and its arguments. */
export interface ReadRequest {
  id: number;
  method: keyof PartReads;
  args: unknown[];
}

export type ReadAnswer = { id: number } & ({ result: unknown } | { error: Error });

const reads = new PartReads();

parentPort?.on('message', ({ id, method, args }: ReadRequest) => {
  let answer: ReadAnswer;
  try {
    const call = reads[method] as (...args: unknown[]) => unknown;
    answer = { id, result: call.apply(reads, args) };
  } catch (error) {
    answer = { id, error: error as Error };
  }
  parentPort?.postMessage(answer);
});
