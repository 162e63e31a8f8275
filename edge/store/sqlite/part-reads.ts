import { DatabaseSync } from 'node:sqlite';
import type { TraceId } from '../../../src/wire/ids.ts';
import { createAttributeSearch, meetsAttributes } from '../attribute-search.ts';
import type { Chunk } from '../encoding/chunk.ts';
import type { ListedTrace } from '../listed-trace.ts';
import { NewestTraces } from '../newest-traces.ts';
import type { PackedRollup } from '../rollup.ts';
import type { Search } from '../search.ts';
import type { ActiveSession } from '../sessions.ts';
import { PartReader } from '../sql/part-reader.ts';
import { searchParts } from '../sql/search-parts.ts';
import { createStatistics } from '../statistics.ts';
import type { SummaryState } from '../summary.ts';
import type { SessionFilter, StatisticsQuery } from '../trace-store.ts';
import { nodeSqlDriver } from './node-sql-driver.ts';

/** A part as the thread that writes knows it. */
export interface PartRef {
  path: string;
  /** Epoch ms of the latest start of a trace in it. */
  newestMs: number;
}

/**
 * What is read of parts, over read-only connections of its own. Runs in the reading thread, so that a slow query never
 * delays an answer; all arguments and results can be sent between threads.
 */
export class PartReads {
  readonly #open = new Map<string, { database: DatabaseSync; reader: PartReader }>();

  /** The first traces of all parts that match, newest first; `except` are told from memory by who asks. */
  search(parts: readonly PartRef[], search: Search, count: number, except: readonly TraceId[]): ListedTrace[] {
    const left = new Set(except);
    const wanted = createAttributeSearch(search.attributes);
    const newest = new NewestTraces<ListedTrace>(count);
    const searched = parts.map(({ path, newestMs }) => ({ newestMs, reader: () => this.#reader(path) }));
    searchParts(searched, search, newest, ({ traceId }, reader) => {
      return !left.has(traceId) && meetsAttributes(wanted, traceId, () => reader.chunks(traceId));
    });
    return [...newest.all()];
  }

  chunks(path: string, traceId: TraceId): Chunk[] {
    return this.#reader(path).chunks(traceId);
  }

  /** Sessions that may match, as each part knows them. */
  sessions(parts: readonly PartRef[], filter: SessionFilter, limit: number): ActiveSession[] {
    return parts.flatMap(({ path }) => this.#reader(path).sessions(filter, limit));
  }

  /** All traces of some sessions. */
  sessionTraces(parts: readonly PartRef[], sessionIds: readonly string[], except: readonly TraceId[]): SummaryState[] {
    const left = new Set(except);
    return parts.flatMap(({ path }) =>
      [...this.#reader(path).sessionTraces(sessionIds)].filter(({ traceId }) => !left.has(traceId)),
    );
  }

  statistics(parts: readonly PartRef[], query: StatisticsQuery): PackedRollup[] {
    const statistics = createStatistics(query);
    for (const { path } of parts) this.#reader(path).statistics(query, statistics);
    return statistics.rollups.pack();
  }

  /** Gives up files that are to be deleted or changed. */
  release(paths: readonly string[]): void {
    for (const path of paths) {
      this.#open.get(path)?.database.close();
      this.#open.delete(path);
    }
  }

  #reader(path: string): PartReader {
    let open = this.#open.get(path);
    if (!open) {
      const database = new DatabaseSync(path, { readOnly: true });
      open = { database, reader: new PartReader(nodeSqlDriver(database)) };
      this.#open.set(path, open);
    }
    return open.reader;
  }
}
