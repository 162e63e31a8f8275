import { type ListedTrace, listTrace } from './listed-trace.ts';
import type { LiveTrace } from './live-trace.ts';
import { NewestTraces } from './newest-traces.ts';
import { type Cursor, matches, type Search } from './search.ts';
import { type SummaryState, traceStartUs } from './summary.ts';

/** A search among traces in memory: offer them all, the last changed first, and list those that are the newest. */
export class LiveSearch<Home> {
  readonly #search: Search;
  readonly #meets: (trace: LiveTrace<Home>) => boolean;
  readonly #newest: NewestTraces<Cursor & { state: SummaryState }>;

  /** @param meets whether a trace meets the search's attributes */
  constructor(search: Search, count: number, meets: (trace: LiveTrace<Home>) => boolean) {
    this.#search = search;
    this.#meets = meets;
    this.#newest = new NewestTraces(count);
  }

  offer(trace: LiveTrace<Home>): void {
    const { state } = trace;
    const startUs = traceStartUs(state);
    // Most are older than those that were offered before.
    if (startUs < this.oldestUs || !matches(state, this.#search) || !this.#meets(trace)) return;
    this.#newest.add({ startUs, traceId: state.traceId, state });
  }

  /** What started before this has no place any more, epoch microseconds. */
  get oldestUs(): number {
    return this.#newest.last?.startUs ?? Number.NEGATIVE_INFINITY;
  }

  list(): ListedTrace[] {
    return this.#newest.all().map(({ state }) => listTrace(state));
  }
}
