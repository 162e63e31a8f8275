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
