import type { TraceId } from '../../src/wire/ids.ts';
import type { LiveTrace } from './live-trace.ts';
import { StartOrder } from './start-order.ts';
import { traceStartUs } from './summary.ts';
import type { Totals } from './totals.ts';

/** The traces in memory of which something is durable and in no block yet, by when they started. */
export class ReadableTraces<Home> {
  readonly #order = new StartOrder<LiveTrace<Home>>();
  readonly #alsoInBlocks = new Set<TraceId>();
  #count = 0;

  /** To be called when a trace got chunks, when they moved into blocks, and when blocks were deleted. */
  changed(trace: LiveTrace<Home>): void {
    const { traceId, chunks, home, place } = trace;
    if (traceId === '') return;
    trace.row = undefined;
    const startUs = chunks.length > 0 ? traceStartUs(trace.state) : undefined;
    if (place?.startUs !== startUs) {
      if (place) this.#order.giveUp(place);
      trace.place = startUs === undefined ? undefined : this.#order.add(trace, startUs);
      this.#count += Number(trace.place !== undefined) - Number(place !== undefined);
    }
    if (home !== undefined && trace.place) this.#alsoInBlocks.add(traceId);
    else if (this.#alsoInBlocks.size > 0) this.#alsoInBlocks.delete(traceId);
  }

  /** Those that started no later than `toUs`; none may change meanwhile. */
  newestFirst(toUs = Number.POSITIVE_INFINITY): Iterable<LiveTrace<Home>> {
    return this.#order.newestFirst(toUs);
  }

  /** Those that blocks know a part of: their summaries here are of the whole. */
  alsoInBlocks(): ReadonlySet<TraceId> {
    return this.#alsoInBlocks;
  }

  /** Of traces that are in no block at all; the times of all. */
  totals(): Pick<Totals, 'traces' | 'oldestMs' | 'newestMs'> {
    const traces = this.#count - this.#alsoInBlocks.size;
    const bounds = this.#order.bounds();
    return bounds ? { traces, oldestMs: bounds.oldestUs / 1000, newestMs: bounds.newestUs / 1000 } : { traces };
  }
}
