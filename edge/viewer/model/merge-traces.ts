import type { TraceSummary } from '../../store/trace-store.ts';

export interface MergedTraces {
  /** What is shown, in the order it was shown, with changed rows replaced in place. */
  shown: readonly TraceSummary[];
  /** What waits to be shown, newest start first. */
  waiting: readonly TraceSummary[];
}

/**
 * Takes in what the collector reports as changed without moving a row under the reader: known traces change in their
 * place, new ones wait.
 */
export function mergeTraces(
  shown: readonly TraceSummary[],
  waiting: readonly TraceSummary[],
  changed: readonly TraceSummary[],
): MergedTraces {
  const changes = new Map(changed.map((trace) => [trace.traceId, trace]));
  const nextShown = shown.map((trace) => take(changes, trace));
  const nextWaiting = waiting.map((trace) => take(changes, trace));
  return { shown: nextShown, waiting: [...changes.values(), ...nextWaiting].sort(newestFirst) };
}

/** What is shown once the reader asks for what waits. */
export function showWaiting({ shown, waiting }: MergedTraces): TraceSummary[] {
  return [...waiting, ...shown].sort(newestFirst);
}

/** The next page under what is shown; a trace that moved between two requests appears once. */
export function appendTraces(shown: readonly TraceSummary[], page: readonly TraceSummary[]): TraceSummary[] {
  const known = new Set(shown.map((trace) => trace.traceId));
  return [...shown, ...page.filter((trace) => !known.has(trace.traceId))];
}

function take(changes: Map<string, TraceSummary>, trace: TraceSummary): TraceSummary {
  const change = changes.get(trace.traceId);
  if (!change) return trace;
  changes.delete(trace.traceId);
  return change;
}

function newestFirst(a: TraceSummary, b: TraceSummary): number {
  return b.startMs - a.startMs || (a.traceId < b.traceId ? 1 : -1);
}
