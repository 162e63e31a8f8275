import { type Cursor, comparePlaces, formatCursor } from './search.ts';
import { type SummaryState, traceStartUs } from './summary.ts';
import { toTraceSummary } from './trace-summary.ts';

/** A row of a list as JSON text, made where the trace was found: text is cheap to pass on and to answer with. */
export interface ListedTrace extends Cursor {
  /** A `TraceSummary`. */
  text: string;
}

export function listTrace(state: SummaryState): ListedTrace {
  return { startUs: traceStartUs(state), traceId: state.traceId, text: JSON.stringify(toTraceSummary(state)) };
}

/** Newest first and each once: a trace that moved between two looks was seen by both, and the later one counts. */
export function listNewest(found: readonly ListedTrace[]): ListedTrace[] {
  return [...new Map(found.map((trace) => [trace.traceId, trace])).values()].sort(comparePlaces);
}

/**
 * The `TracePage` of what was found, as JSON text.
 * @param found in any order, and more than `limit` when another page follows
 */
export function formatPage(found: readonly ListedTrace[], limit: number): string {
  const all = listNewest(found);
  const page = all.slice(0, limit);
  const last = page.at(-1);
  const next = all.length > limit && last ? `,"nextCursor":"${formatCursor(last)}"` : '';
  return `{"traces":[${page.map(({ text }) => text).join()}]${next}}`;
}
