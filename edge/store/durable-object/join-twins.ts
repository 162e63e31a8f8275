import type { TraceId } from '../../../src/wire/ids.ts';
import { mergeSummary, type SummaryState } from '../summary.ts';

/**
 * What shards know of traces, once a trace. A trace is in two shards only when it came in while Workers of two configurations
 * were running.
 */
export function joinTwins(states: readonly SummaryState[]): SummaryState[] {
  const joined = new Map<TraceId, SummaryState>();
  for (const state of states) {
    const twin = joined.get(state.traceId);
    if (twin) mergeSummary(twin, state);
    else joined.set(state.traceId, state);
  }
  return [...joined.values()];
}
