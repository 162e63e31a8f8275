import type { TraceId } from '../../../src/wire/ids.ts';
import { createAttributeSearch, meetsAttributes } from '../attribute-search.ts';
import type { Chunk } from '../encoding/chunk.ts';
import type { ListedTrace } from '../listed-trace.ts';
import { LiveSearch } from '../live-search.ts';
import type { LiveTrace } from '../live-trace.ts';
import type { LiveTraces } from '../live-traces.ts';
import { NewestTraces } from '../newest-traces.ts';
import type { PackedRollup } from '../rollup.ts';
import { createSearch } from '../search.ts';
import { type ActiveSession, ActiveSessions } from '../sessions.ts';
import { searchParts } from '../sql/search-parts.ts';
import { createStatistics } from '../statistics.ts';
import { copySummary, type SummaryState } from '../summary.ts';
import { sumTotals, type Totals } from '../totals.ts';
import type { SessionFilter, StatisticsQuery, TraceFilter } from '../trace-store.ts';
import type { ShardPart, ShardParts } from './shard-parts.ts';

/** What is asked of a shard, over its live traces and its parts alike. */
export class ShardReads {
  readonly #live: LiveTraces<ShardPart>;
  readonly #parts: ShardParts;

  constructor(live: LiveTraces<ShardPart>, parts: ShardParts) {
    this.#live = live;
    this.#parts = parts;
  }

  /** Traces, and log records of none, of which something is in no block yet. */
  listed(): LiveTrace<ShardPart>[] {
    return [...this.#live.all()].filter(({ chunks }) => chunks.length > 0);
  }

  /** Everything of a trace as it was written; empty when there is nothing. */
  chunks(traceId: TraceId): Chunk[] {
    const live = this.#live.get(traceId);
    const part = live?.home ?? this.#parts.holding(traceId)?.part;
    return [...(part?.reader.chunks(traceId) ?? []), ...(live?.chunks ?? [])];
  }

  /** What is known of a trace here. */
  summary(traceId: TraceId): SummaryState | undefined {
    const live = this.#live.get(traceId);
    return live?.chunks.length ? copySummary(live.state) : this.#parts.holding(traceId)?.state;
  }

  /** The first traces that match, newest first. */
  search(filter: TraceFilter, count: number): ListedTrace[] {
    const search = createSearch(filter);
    const wanted = createAttributeSearch(search.attributes);
    const meets = ({ traceId }: { traceId: TraceId | '' }): boolean =>
      meetsAttributes(wanted, traceId, () => this.chunks(traceId));
    const live = new LiveSearch<ShardPart>(search, count, meets);
    live.offerAll(this.#live.readable.newestFirst(search.toUs));
    const newest = new NewestTraces<ListedTrace>(count);
    for (const trace of live.list()) newest.add(trace);
    const parts = this.#parts.all().flatMap(({ reader }) => {
      const { newestMs } = reader.totals();
      return newestMs === undefined ? [] : [{ newestMs, reader: () => reader }];
    });
    // What is live as well was told from there: its summary holds both.
    searchParts(parts, search, newest, (state) => !this.#live.get(state.traceId)?.chunks.length && meets(state));
    return [...newest.all()];
  }

  /** Sessions that may match, as far as this shard knows them. */
  sessions(filter: SessionFilter, count: number): ActiveSession[] {
    const active = new ActiveSessions();
    for (const { reader } of this.#parts.all()) for (const one of reader.sessions(filter, count)) active.add(one);
    for (const { state } of this.#live.readable.newestFirst()) active.addTrace(state, filter);
    return active.latest(count);
  }

  /** All traces of some sessions. */
  sessionTraces(sessionIds: readonly string[]): SummaryState[] {
    const wanted = new Set(sessionIds);
    const stored = this.#parts
      .all()
      .flatMap(({ reader }) => [...reader.sessionTraces(sessionIds)])
      .filter(({ traceId }) => !this.#live.get(traceId)?.chunks.length);
    const live = [...this.#live.readable.newestFirst()].filter(({ state }) => wanted.has(state.sessionId));
    return [...stored, ...live.map(({ state }) => copySummary(state))];
  }

  statistics(query: StatisticsQuery): PackedRollup[] {
    const statistics = createStatistics(query);
    for (const { reader } of this.#parts.all()) reader.statistics(query, statistics);
    for (const trace of this.#live.readable.newestFirst()) statistics.addLive(trace);
    return statistics.rollups.pack();
  }

  totals(): Totals {
    return sumTotals([...this.#parts.all().map(({ reader }) => reader.totals()), this.#live.totals()]);
  }
}
