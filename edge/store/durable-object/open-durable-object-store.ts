import type { TraceId } from '../../../src/wire/ids.ts';
import type { Chunk } from '../encoding/chunk.ts';
import type { PackedStore } from '../packing/packed-batch.ts';
import type { PageTextStore } from '../page-text.ts';
import { ActiveSessions, askedSessions, summarizeSessions } from '../sessions.ts';
import { createStatistics } from '../statistics.ts';
import { readStoredTrace } from '../stored-trace.ts';
import { sumTotals } from '../totals.ts';
import {
  type ExpireResult,
  type SessionFilter,
  type SessionSummary,
  type StatisticsQuery,
  type StatisticsRow,
  type StoredTrace,
  type StoreStats,
  StoreUnavailableError,
} from '../trace-store.ts';
import { appendPackedToShards, appendToShards } from './append-to-shards.ts';
import { joinTwins } from './join-twins.ts';
import type { ObjectNamespace } from './platform.ts';
import { searchShards } from './search-shards.ts';
import { createShards, type ShardStub, type Shards } from './shards.ts';

export interface DurableObjectStoreOptions {
  /** The binding of the class `TraceShard`. */
  namespace: ObjectNamespace<ShardStub>;
  /**
   * How many shards there are. Default 8. More than one number after a change: the first takes what is new, the others
   * are still read, until what they hold has expired.
   */
  shards?: readonly [number, ...number[]];
}

/**
 * Opens the store that spreads traces over Durable Objects. The objects compact and expire by their own alarms; nothing
 * has to be running for that.
 * @example const store = openDurableObjectStore({ namespace: env.TRACE_SHARDS });
 */
export function openDurableObjectStore(options: DurableObjectStoreOptions): PackedStore & PageTextStore {
  const shards = createShards(options.namespace, options.shards ?? [8]);
  let isClosed = false;
  const admit = (): void => {
    if (isClosed) throw new StoreUnavailableError('The store is closed.');
  };
  return {
    async append(batch) {
      admit();
      return appendToShards(shards, batch);
    },
    async appendPacked(batch) {
      admit();
      return appendPackedToShards(shards, batch);
    },
    trace: (traceId) => readTrace(shards, traceId),
    search: async (filter) => JSON.parse(await searchShards(shards, filter)),
    searchText: (filter) => searchShards(shards, filter),
    sessions: (filter) => readSessions(shards, filter),
    statistics: (query) => readStatistics(shards, query),
    stats: () => readStats(shards),
    expire: async (nowMs) => sum(await shards.ask((shard) => shard.expire(nowMs))),
    remove: async (selector) => sum(await shards.ask((shard) => shard.remove(selector))),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await shards.ask((shard) => shard.seal());
    },
  };
}

async function readTrace(shards: Shards, traceId: TraceId): Promise<StoredTrace | undefined> {
  const found = await shards.askFor(traceId, (shard) => shard.chunks(traceId));
  return readStoredTrace(traceId, found.flat().map(withBuffers));
}

async function readSessions(shards: Shards, filter: SessionFilter): Promise<SessionSummary[]> {
  const count = askedSessions(filter);
  const active = new ActiveSessions();
  for (const some of await shards.ask((shard) => shard.sessions(filter, count))) {
    for (const session of some) active.add(session);
  }
  const wanted = active.latest(count).map(({ sessionId }) => sessionId);
  const states = wanted.length === 0 ? [] : await shards.ask((shard) => shard.sessionTraces(wanted));
  return summarizeSessions(joinTwins(states.flat()), filter);
}

async function readStatistics(shards: Shards, query: StatisticsQuery): Promise<StatisticsRow[]> {
  const statistics = createStatistics(query);
  for (const packed of await shards.ask((shard) => shard.statistics(query))) statistics.rollups.mergePacked(packed);
  return statistics.rows();
}

async function readStats(shards: Shards): Promise<StoreStats> {
  const all = await shards.ask((shard) => shard.stats());
  const sumOf = (name: 'bytes' | 'version'): number => all.reduce((sum, stats) => sum + stats[name], 0);
  return { ...sumTotals(all), bytes: sumOf('bytes'), version: sumOf('version') };
}

function sum(results: readonly ExpireResult[]): ExpireResult {
  const total: ExpireResult = { spans: 0, logs: 0, traces: 0, bytes: 0 };
  for (const { spans, logs, traces, bytes } of results) {
    total.spans += spans;
    total.logs += logs;
    total.traces += traces;
    total.bytes += bytes;
  }
  return total;
}

// Bytes lose their class on the way from an object.
function withBuffers({ ids, body }: Chunk): Chunk {
  return { ids: asBuffer(ids), body: asBuffer(body) };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
