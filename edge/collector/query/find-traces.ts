import type { TraceFilter, TraceStore } from '../../store/trace-store.ts';
import { type TraceContext, toTraceContext } from './span-context.ts';

/** What one question may look at when its conditions are not all answered by an index. */
const MAX_INSPECTED_TRACES = 2000;
const MAX_SEARCH_MS = 5_000;
const PAGE_SIZE = 100;

export interface Found<T> {
  traces: Array<{ trace: TraceContext; match: T }>;
  /** How many traces were read to find them. */
  inspected: number;
  /** False when the search stopped at its limits, so that there may be more. */
  isComplete: boolean;
}

/**
 * The newest traces that pass `filter` (which the store answers) and for which `match` gives something.
 * Reads until it has `limit` of them, or 2000 traces, or 5 s; never a whole store for one question.
 */
export async function findTraces<T>(
  store: TraceStore,
  options: { filter: TraceFilter; limit: number; match: (trace: TraceContext) => T | undefined },
): Promise<Found<T>> {
  const { filter, limit, match } = options;
  const deadlineMs = Date.now() + MAX_SEARCH_MS;
  const found: Found<T> = { traces: [], inspected: 0, isComplete: false };
  let cursor: string | undefined;
  do {
    const pageFilter = { ...filter, limit: PAGE_SIZE };
    const page = await store.search(cursor === undefined ? pageFilter : { ...pageFilter, cursor });
    for (const { traceId } of page.traces) {
      if (found.inspected >= MAX_INSPECTED_TRACES || Date.now() > deadlineMs) return found;
      found.inspected += 1;
      const stored = await store.trace(traceId);
      if (!stored) continue; // expected: it expired since the page was made
      const trace = toTraceContext(stored);
      const matched = match(trace);
      if (matched === undefined) continue;
      found.traces.push({ trace, match: matched });
      if (found.traces.length >= limit) return found;
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  found.isComplete = true;
  return found;
}
