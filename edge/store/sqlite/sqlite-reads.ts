import type { TraceId } from '../../../src/wire/ids.ts';
import { createAttributeSearch, meetsAttributes } from '../attribute-search.ts';
import type { Chunk } from '../encoding/chunk.ts';
import { formatPage } from '../listed-trace.ts';
import { LiveSearch } from '../live-search.ts';
import type { LiveTrace } from '../live-trace.ts';
import type { LiveTraces } from '../live-traces.ts';
import { createSearch } from '../search.ts';
import { ActiveSessions, askedSessions, summarizeSessions } from '../sessions.ts';
import { createStatistics } from '../statistics.ts';
import { readStoredTrace } from '../stored-trace.ts';
import type { SummaryState } from '../summary.ts';
import { sumTotals, type Totals } from '../totals.ts';
import type {
  SessionFilter,
  SessionSummary,
  StatisticsQuery,
  StatisticsRow,
  StoredTrace,
  TraceFilter,
} from '../trace-store.ts';
import type { PartFile } from './part-file.ts';
import type { PartFiles } from './part-files.ts';
import { askReadThread } from './read-thread.ts';
import type { Sealer } from './sealer.ts';
import { Turns } from './turns.ts';

/**
 * What is asked of a store, over its live traces and its parts alike. Senders go first: parts are read in another thread, and
 * what has to be looked at in this one is looked at a turn at a time.
 */
export class SqliteReads {
  readonly #live: LiveTraces<PartFile>;
  readonly #parts: PartFiles;
  readonly #sealer: Sealer;
  readonly #turns = new Turns();

  constructor(live: LiveTraces<PartFile>, parts: PartFiles, sealer: Sealer) {
    this.#live = live;
    this.#parts = parts;
    this.#sealer = sealer;
  }

  async trace(traceId: TraceId): Promise<StoredTrace | undefined> {
    const live = this.#live.get(traceId);
    const part = live?.home ?? this.#parts.holding(traceId)?.part;
    // Kept from before the question: a chunk that moves into a block meanwhile is seen twice rather than not at all.
    const chunks = [...(live?.chunks ?? [])];
    const stored = part ? await askReadThread('chunks', part.path, traceId) : [];
    return readStoredTrace(traceId, [...stored, ...chunks]);
  }

  /** A page of traces as JSON text. */
  async search(filter: TraceFilter): Promise<string> {
    const search = createSearch(filter);
    const count = search.limit + 1;
    const wanted = createAttributeSearch(search.attributes);
    const found = new LiveSearch<PartFile>(search, count, (trace) =>
      meetsAttributes(wanted, trace.traceId, () => allChunks(trace)),
    );
    await this.#turns.next();
    const traces = this.#live.readable.newestFirst(search.toUs);
    const told = [...this.#live.readable.alsoInBlocks()];
    if (search.attributes.length === 0) found.offerAll(traces);
    // Looking into all of them may take many turns.
    else await this.#turns.each([...traces], (trace) => found.offer(trace));
    const live = found.list();
    // What is older than a page of live traces is not asked for.
    const rest = { ...search, fromUs: Math.max(search.fromUs, found.oldestUs) };
    const parts = this.#parts.refs().filter(({ newestMs }) => newestMs * 1000 >= rest.fromUs);
    const stored = parts.length === 0 ? [] : await askReadThread('search', parts, rest, count, told);
    return formatPage([...live, ...stored], search.limit);
  }

  async sessions(filter: SessionFilter): Promise<SessionSummary[]> {
    const count = askedSessions(filter);
    const active = new ActiveSessions();
    await this.#turns.next();
    const live = [...this.#live.readable.newestFirst()];
    for (const session of await askReadThread('sessions', this.#parts.refs(), filter, count)) active.add(session);
    await this.#turns.each(live, ({ state }) => active.addTrace(state, filter));
    const wanted = new Set(active.latest(count).map(({ sessionId }) => sessionId));
    const states = new Map<TraceId, SummaryState>();
    const told: TraceId[] = [];
    await this.#turns.each(live, ({ traceId, home, state }) => {
      if (!wanted.has(state.sessionId)) return;
      states.set(traceId, state);
      if (home) told.push(traceId);
    });
    // A trace that moved into a block meanwhile is told from there.
    const stored = await askReadThread('sessionTraces', this.#parts.refs(), [...wanted], told);
    for (const state of stored) states.set(state.traceId, state);
    return summarizeSessions(states.values(), filter);
  }

  statistics(query: StatisticsQuery): Promise<StatisticsRow[]> {
    // Counts cannot be told apart as traces can: nothing may move from memory to blocks while both are read.
    return this.#sealer.between(async () => {
      const statistics = createStatistics(query);
      await this.#turns.next();
      await this.#turns.each([...this.#live.readable.newestFirst()], (trace) => statistics.addLive(trace));
      statistics.rollups.mergePacked(await askReadThread('statistics', this.#parts.refs(), query));
      return statistics.rows();
    });
  }

  totals(): Totals {
    return sumTotals([...this.#parts.all().map(({ totals }) => totals), this.#live.totals()]);
  }
}

function* allChunks({ traceId, chunks, home }: LiveTrace<PartFile>): Generator<Chunk> {
  yield* chunks;
  if (home) yield* home.reader.chunks(traceId);
}
