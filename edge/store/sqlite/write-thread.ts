import { createAskThread } from './ask-thread.ts';
import type { PartWrites } from './part-writes.ts';

// In the published package the thread's file has been bundled beside this one.
const FILE = import.meta.url.endsWith('.ts') ? './write-worker.ts' : './store-write-worker.js';

const ask = createAskThread<PartWrites>(new URL(FILE, import.meta.url), 'throughline store writes');

/** Asks the thread that writes parts: commits, syncs and checkpoints delay no answer. */
export function askWriteThread<M extends keyof PartWrites>(
  method: M,
  args: Parameters<PartWrites[M]>,
  transfer: ArrayBuffer[] = [],
): Promise<ReturnType<PartWrites[M]>> {
  return ask(method, args as never, transfer) as Promise<ReturnType<PartWrites[M]>>;
}
