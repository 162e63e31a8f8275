import type { LiveTrace } from './live-trace.ts';
import { traceStartUs } from './summary.ts';

/** Counts of what a store, or a part of it, holds. */
export interface Totals {
  traces: number;
  spans: number;
  logs: number;
  /** Epoch ms of the earliest and latest start of a trace; absent when there is none. */
  oldestMs?: number;
  newestMs?: number;
}

export function sumTotals(all: Iterable<Totals>): Totals {
  const sum: Totals = { traces: 0, spans: 0, logs: 0 };
  for (const { traces, spans, logs, oldestMs, newestMs } of all) {
    sum.traces += traces;
    sum.spans += spans;
    sum.logs += logs;
    if (oldestMs !== undefined) sum.oldestMs = Math.min(oldestMs, sum.oldestMs ?? oldestMs);
    if (newestMs !== undefined) sum.newestMs = Math.max(newestMs, sum.newestMs ?? newestMs);
  }
  return sum;
}

/** What is in memory and in no block. */
export function totalsOf(live: Iterable<LiveTrace<unknown>>): Totals {
  const totals: Totals = { traces: 0, spans: 0, logs: 0 };
  let oldestUs = Number.POSITIVE_INFINITY;
  let newestUs = Number.NEGATIVE_INFINITY;
  for (const { traceId, home, chunks, state } of live) {
    if (chunks.length === 0) continue;
    for (const { spans, logs } of chunks) {
      totals.spans += spans;
      totals.logs += logs;
    }
    if (traceId === '') continue;
    if (!home) totals.traces += 1;
    const startUs = traceStartUs(state);
    oldestUs = Math.min(oldestUs, startUs);
    newestUs = Math.max(newestUs, startUs);
  }
  if (oldestUs > newestUs) return totals;
  return { ...totals, oldestMs: oldestUs / 1000, newestMs: newestUs / 1000 };
}
