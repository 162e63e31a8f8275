import type { TraceFilter, TraceStore } from './trace-store.ts';

/** A store that makes pages as JSON text: who answers with JSON need not make objects of them first. */
export interface PageTextStore extends TraceStore {
  /** What `search` resolves to, as JSON. */
  searchText(filter: TraceFilter): Promise<string>;
}

/** The page of traces a filter asks for, as JSON text. */
export async function searchText(store: TraceStore, filter: TraceFilter): Promise<string> {
  return makesPageTexts(store) ? store.searchText(filter) : JSON.stringify(await store.search(filter));
}

function makesPageTexts(store: TraceStore): store is PageTextStore {
  return 'searchText' in store;
}
