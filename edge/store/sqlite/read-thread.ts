import { createAskThread } from './ask-thread.ts';
import type { PartReads } from './part-reads.ts';

// In the published package the thread's file has been bundled beside this one.
const FILE = import.meta.url.endsWith('.ts') ? './read-worker.ts' : './store-read-worker.js';

const ask = createAskThread<PartReads>(new URL(FILE, import.meta.url), 'throughline store reads');

/** Asks the thread that reads parts. */
export function askReadThread<M extends keyof PartReads>(
  method: M,
  ...args: Parameters<PartReads[M]>
): Promise<ReturnType<PartReads[M]>> {
  return ask(method, args as never) as Promise<ReturnType<PartReads[M]>>;
}
