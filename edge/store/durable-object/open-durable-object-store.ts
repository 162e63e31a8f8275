import type { TraceId } from '../../../src/wire/ids.ts';
import type { Chunk } from '../encoding/chunk.ts';
import type { PackedStore } from '../packing/packed-batch.ts';
import { compareNewestFirst, createSearch, formatCursor } from '../search.ts';
import { sessionLimit, summarizeSession } from '../sessions.ts';
import { createStatistics } from '../statistics.ts';
import { readStoredTrace } from '../stored-trace.ts';
import { mergeSummary, type SummaryState } from '../summary.ts';
import {
  type ExpireResult,
  type SessionFilter,
  type SessionSummary,
  type StatisticsQuery,
  type StatisticsRow,
  type StoredTrace,
  type StoreStats,
  StoreUnavailableError,
  type TraceFilter,
  type TracePage,
} from '../trace-store.ts';
import { toTraceSummary } from '../trace-summary.ts';
import { appendPackedToShards, appendToShards } from './append-to-shards.ts';
import type { ObjectNamespace } from './platform.ts';
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
export function openDurableObjectStore(options: DurableObjectStoreOptions): PackedStore {
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
    search: (filter) => search(shards, filter),
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

async function search(shards: Shards, filter: TraceFilter): Promise<TracePage> {
  const { limit } = createSearch(filter);
  const found = joinTwins((await shards.ask((shard) => shard.search(filter, limit + 1))).flat());
  const page = found.sort(compareNewestFirst).slice(0, limit);
  const last = page.at(-1);
  const traces = page.map(toTraceSummary);
  return found.length > limit && last ? { traces, nextCursor: formatCursor(last) } : { traces };
}

async function readSessions(shards: Shards, filter: SessionFilter): Promise<SessionSummary[]> {
  const limit = sessionLimit(filter);
  const latest = new Map<string, number>();
  // More than asked for: what matches in one shard need not match as a whole.
  for (const active of await shards.ask((shard) => shard.sessions(filter, limit * 2))) {
    for (const { sessionId, endUs } of active) latest.set(sessionId, Math.max(endUs, latest.get(sessionId) ?? 0));
  }
  const wanted = [...latest]
    .sort(([, a], [, b]) => b - a)
    .slice(0, limit * 2)
    .map(([sessionId]) => sessionId);
  const bySession = new Map<string, SummaryState[]>(wanted.map((sessionId) => [sessionId, []]));
  const states = wanted.length === 0 ? [] : await shards.ask((shard) => shard.sessionTraces(wanted));
  for (const state of joinTwins(states.flat())) bySession.get(state.sessionId)?.push(state);
  return [...bySession]
    .flatMap(([sessionId, own]) => summarizeSession(sessionId, own, filter) ?? [])
    .sort((a, b) => b.endMs - a.endMs)
    .slice(0, limit);
}

async function readStatistics(shards: Shards, query: StatisticsQuery): Promise<StatisticsRow[]> {
  const statistics = createStatistics(query);
  for (const packed of await shards.ask((shard) => shard.statistics(query))) statistics.rollups.mergePacked(packed);
  return statistics.rows();
}

async function readStats(shards: Shards): Promise<StoreStats> {
  const stats: StoreStats = { spans: 0, logs: 0, traces: 0, bytes: 0, version: 0 };
  for (const shard of await shards.ask((stub) => stub.stats())) {
    stats.spans += shard.spans;
    stats.logs += shard.logs;
    stats.traces += shard.traces;
    stats.bytes += shard.bytes;
    stats.version += shard.version;
    if (shard.oldestMs !== undefined) stats.oldestMs = Math.min(shard.oldestMs, stats.oldestMs ?? shard.oldestMs);
    if (shard.newestMs !== undefined) stats.newestMs = Math.max(shard.newestMs, stats.newestMs ?? shard.newestMs);
  }
  return stats;
}

// A trace is in two shards only when it came in while Workers of two configurations were running.
function joinTwins(states: readonly SummaryState[]): SummaryState[] {
  const joined = new Map<TraceId, SummaryState>();
  for (const state of states) {
    const twin = joined.get(state.traceId);
    if (twin) mergeSummary(twin, state);
    else joined.set(state.traceId, state);
  }
  return [...joined.values()];
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
