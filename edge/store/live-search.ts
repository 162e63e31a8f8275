import { type ListedTrace, listTrace } from './listed-trace.ts';
import type { LiveTrace } from './live-trace.ts';
import { NewestTraces } from './newest-traces.ts';
import { type Cursor, matches, type Search } from './search.ts';
import { traceStartUs } from './summary.ts';

/** A search among traces in memory: offer them, and list those that are the newest. */
export class LiveSearch<Home> {
  readonly #search: Search;
  readonly #meets: (trace: LiveTrace<Home>) => boolean;
  readonly #newest: NewestTraces<Cursor & { trace: LiveTrace<Home> }>;

  /** @param meets whether a trace meets the search's attributes */
  constructor(search: Search, count: number, meets: (trace: LiveTrace<Home>) => boolean) {
    this.#search = search;
    this.#meets = meets;
    this.#newest = new NewestTraces(count);
  }

  offer(trace: LiveTrace<Home>): void {
    const { state } = trace;
    if (!matches(state, this.#search) || !this.#meets(trace)) return;
    this.#newest.add({ startUs: traceStartUs(state), traceId: state.traceId, trace });
  }

  /** Offers traces until those that come next are too old. */
  offerAll(newestFirst: Iterable<LiveTrace<Home>>): void {
    for (const trace of newestFirst) {
      if (traceStartUs(trace.state) < this.oldestUs) return;
      this.offer(trace);
    }
  }

  /** What started before this is in no page any more, epoch microseconds. */
  get oldestUs(): number {
    return Math.max(this.#search.fromUs, this.#newest.last?.startUs ?? Number.NEGATIVE_INFINITY);
  }

  list(): ListedTrace[] {
    return this.#newest.all().map(({ trace }) => {
      trace.row ??= listTrace(trace.state);
      return trace.row;
    });
  }
}
