import { type ListedTrace, listTrace } from '../listed-trace.ts';
import type { NewestTraces } from '../newest-traces.ts';
import type { Search } from '../search.ts';
import { type SummaryState, traceStartUs } from '../summary.ts';
import type { PartReader } from './part-reader.ts';

export interface SearchedPart {
  /** Epoch ms of the latest start of a trace in it. */
  newestMs: number;
  reader(): PartReader;
}

/**
 * Adds the traces of some parts that match to the newest, as long as there may be newer ones.
 * @param accepts what the index does not know: whether the trace is told by others, and whether it has the attributes
 */
export function searchParts(
  parts: Iterable<SearchedPart>,
  search: Search,
  newest: NewestTraces<ListedTrace>,
  accepts: (state: SummaryState, reader: PartReader) => boolean,
): void {
  const isTooOld = (startUs: number): boolean => newest.last !== undefined && startUs < newest.last.startUs;
  for (const part of [...parts].sort((a, b) => b.newestMs - a.newestMs)) {
    const newestUs = Math.round(part.newestMs * 1000);
    if (newestUs < search.fromUs || isTooOld(newestUs)) break;
    const reader = part.reader();
    for (const state of reader.search(search)) {
      if (isTooOld(traceStartUs(state))) break;
      if (accepts(state, reader)) newest.add(listTrace(state));
    }
  }
}
