import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Lets other threads have the processor before this one, where that can be said of a thread: on Linux, which has a priority
 * for each.
 * @param nice 1 to 19; of two threads that want one processor, 5 more leave a third as much
 */
export function lowerThread(nice: number): void {
  try {
    // On other systems this is not there, and the number would be that of the process.
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, nice);
  } catch {
    // Expected: no /proc, or nobody may set priorities here. Then all threads are equal.
  }
}
