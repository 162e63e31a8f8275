import type { TraceId } from '../../../src/wire/ids.ts';
import { createAttributeSearch, holdsAttributes } from '../attribute-search.ts';
import type { Chunk } from '../encoding/chunk.ts';
import type { LiveTrace } from '../live-trace.ts';
import type { LiveTraces } from '../live-traces.ts';
import { type PackedRollup, vitalsOf } from '../rollup.ts';
import { compareNewestFirst, createSearch, matches } from '../search.ts';
import { speaksForSession } from '../sessions.ts';
import type { ActiveSession } from '../sql/session-rows.ts';
import { createStatistics } from '../statistics.ts';
import { copySummary, type SummaryState, traceEndUs, traceStartUs } from '../summary.ts';
import type { SessionFilter, StatisticsQuery, TraceFilter } from '../trace-store.ts';
import type { ShardPart, ShardParts } from './shard-parts.ts';

/** Counts of what one shard holds. */
export interface ShardTotals {
  spans: number;
  logs: number;
  traces: number;
  /** Epoch ms of the earliest and latest start of a trace. */
  oldestMs?: number;
  newestMs?: number;
}

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

  /** The first traces that match, newest first. */
  search(filter: TraceFilter, limit: number): SummaryState[] {
    const search = createSearch(filter);
    const wanted = createAttributeSearch(search.attributes);
    const meets = (traceId: TraceId): boolean =>
      wanted.conditions.length === 0 || holdsAttributes(this.chunks(traceId), traceId, wanted);
    let found: SummaryState[] = [];
    for (const { traceId, state } of this.#liveTraces()) {
      if (matches(state, search) && meets(traceId)) found.push(copySummary(state));
    }
    const parts = this.#parts.all().flatMap(({ reader }) => {
      const { newestMs } = reader.totals();
      return newestMs === undefined ? [] : [{ reader, newestUs: newestMs * 1000 }];
    });
    for (const { reader, newestUs } of parts.sort((a, b) => b.newestUs - a.newestUs)) {
      found = found.sort(compareNewestFirst).slice(0, limit);
      const last = found[limit - 1];
      if (newestUs < search.fromUs || (last && traceStartUs(last) > newestUs)) break;
      let count = 0;
      for (const state of reader.search(search)) {
        // What is live as well was told from there: its summary holds both.
        if (this.#live.get(state.traceId)?.chunks.length || !meets(state.traceId)) continue;
        found.push(state);
        count += 1;
        if (count === limit) break;
      }
    }
    return found.sort(compareNewestFirst).slice(0, limit);
  }

  /** Sessions that may match, as far as this shard knows them. */
  sessions(filter: SessionFilter, limit: number): ActiveSession[] {
    const active = this.#parts.all().flatMap(({ reader }) => reader.sessions(filter, limit));
    const known = new Set(active.map(({ sessionId }) => sessionId));
    for (const { state } of this.#liveTraces()) {
      if (known.has(state.sessionId) || speaksForSession(state, filter))
        active.push({ sessionId: state.sessionId, endUs: traceEndUs(state) });
    }
    return active;
  }

  /** All traces of some sessions. */
  sessionTraces(sessionIds: readonly string[]): SummaryState[] {
    const wanted = new Set(sessionIds);
    const live = this.#liveTraces().filter(({ state }) => wanted.has(state.sessionId));
    const stored = this.#parts
      .all()
      .flatMap(({ reader }) => sessionIds.flatMap((sessionId) => [...reader.search(createSearch({ sessionId }))]))
      .filter(({ traceId }) => !this.#live.get(traceId)?.chunks.length);
    return [...stored, ...live.map(({ state }) => copySummary(state))];
  }

  statistics(query: StatisticsQuery): PackedRollup[] {
    const statistics = createStatistics(query);
    for (const { reader } of this.#parts.all()) reader.statistics(query, statistics);
    for (const { chunks, stored, state } of this.#liveTraces()) {
      for (const { requests } of chunks) for (const request of requests) statistics.add(request);
      if (stored) for (const vital of vitalsOf(stored, -1)) statistics.add(vital);
      for (const vital of vitalsOf(state, 1)) statistics.add(vital);
    }
    return statistics.rollups.pack();
  }

  totals(): ShardTotals {
    const totals: ShardTotals = { spans: 0, logs: 0, traces: 0 };
    const within = (oldestMs: number | undefined, newestMs: number | undefined): void => {
      if (oldestMs !== undefined) totals.oldestMs = Math.min(oldestMs, totals.oldestMs ?? oldestMs);
      if (newestMs !== undefined) totals.newestMs = Math.max(newestMs, totals.newestMs ?? newestMs);
    };
    for (const { reader } of this.#parts.all()) {
      const { spans, logs, traces, oldestMs, newestMs } = reader.totals();
      totals.spans += spans;
      totals.logs += logs;
      totals.traces += traces;
      within(oldestMs, newestMs);
    }
    for (const { traceId, chunks, home, state } of this.listed()) {
      for (const chunk of chunks) {
        totals.spans += chunk.spans;
        totals.logs += chunk.logs;
      }
      if (traceId === '') continue;
      if (!home) totals.traces += 1;
      const startMs = traceStartUs(state) / 1000;
      within(startMs, startMs);
    }
    return totals;
  }

  #liveTraces(): LiveTrace<ShardPart>[] {
    return this.listed().filter(({ traceId }) => traceId !== '');
  }
}
