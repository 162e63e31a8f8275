import type { LiveTrace } from '../live-trace.ts';

/** Memory a shard gives to traces that wait; all shards of an isolate share 128 MB. */
export const LIVE_BYTES = 4 * 1024 * 1024;
/** Fewer quiet traces than this wait for company, so that blocks are worth compressing, but not longer than `MAX_WAIT_MS`. */
export const COMPANY_BYTES = 192 * 1024;
export const MAX_WAIT_MS = 120_000;

/** The traces that should go into blocks now, those longest without news first. */
export function dueTraces<Home>(
  live: Iterable<LiveTrace<Home>>,
  { liveBytes, nowMs, quietMs }: { liveBytes: number; nowMs: number; quietMs: number },
): LiveTrace<Home>[] {
  const due = new Set<LiveTrace<Home>>();
  const quiet: LiveTrace<Home>[] = [];
  let excess = liveBytes > LIVE_BYTES ? liveBytes - LIVE_BYTES / 2 : 0;
  let quietBytes = 0;
  for (const trace of live) {
    if (trace.chunks.length === 0) continue;
    if (excess > 0 || nowMs - trace.waitingSinceMs >= MAX_WAIT_MS) due.add(trace);
    excess -= trace.bytes;
    if (nowMs - trace.touchedMs < quietMs) continue;
    quiet.push(trace);
    quietBytes += trace.bytes;
  }
  if (quietBytes >= COMPANY_BYTES || due.size > 0) for (const trace of quiet) due.add(trace);
  return [...due];
}
