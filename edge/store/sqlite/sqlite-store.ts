import type { TraceId } from '../../../src/wire/ids.ts';
import { decodeBatch } from '../encoding/batch.ts';
import { decodeChunk } from '../encoding/chunk.ts';
import { looseKey } from '../encoding/fingerprint.ts';
import type { LiveTrace } from '../live-trace.ts';
import { LiveTraces, type PreparedBatch } from '../live-traces.ts';
import { vitalsOf } from '../rollup.ts';
import { compareNewestFirst, createSearch, formatCursor, matches } from '../search.ts';
import { sessionLimit, summarizeSession } from '../sessions.ts';
import { createStatistics } from '../statistics.ts';
import { type SummaryState, toTraceSummary, traceEndUs, traceStartUs } from '../summary.ts';
import {
  type AcceptedBatch,
  type AppendResult,
  type ExpireResult,
  type RemoveSelector,
  type SessionFilter,
  type SessionSummary,
  type StatisticsQuery,
  type StatisticsRow,
  type StoredTrace,
  type StoreStats,
  StoreUnavailableError,
  type TraceFilter,
  type TracePage,
  type TraceStore,
} from '../trace-store.ts';
import { Journal } from './journal.ts';
import type { PartFile } from './part-file.ts';
import type { PartFiles } from './part-files.ts';
import { Sealer } from './sealer.ts';
import { reason } from './store-file.ts';
import { readStoredTrace } from './stored-trace.ts';

export interface SqliteStoreParts {
  journalDirectory: string;
  segmentBytes: number;
  parts: PartFiles;
  unlock: () => void;
  retentionMs: number;
  maxBytes: number;
  quietMs: number;
  report: (message: string) => void;
}

/** More than this waiting for blocks means the disk cannot follow: senders are told to come again. */
const MAX_LIVE_BYTES = 256 * 1024 * 1024;

/** Requests overtake each other by less than this. */
const CLOCK_SLACK_MS = 5 * 60_000;

/** Journal, live traces, sealer and parts put together; made by `openSqliteStore`. */
export class SqliteStore implements TraceStore {
  readonly #made: SqliteStoreParts;
  readonly #parts: PartFiles;
  readonly #journal: Journal;
  readonly #live: LiveTraces<PartFile>;
  readonly #sealer: Sealer;
  #version = Date.now();
  #closing: Promise<void> | undefined;
  #latestMs = 0;

  constructor(made: SqliteStoreParts) {
    const { parts, journalDirectory, segmentBytes } = made;
    this.#made = made;
    this.#parts = parts;
    const last = Journal.segments(journalDirectory).at(-1) ?? 0;
    this.#journal = new Journal(journalDirectory, last + 1, segmentBytes);
    this.#live = new LiveTraces<PartFile>(
      {
        find: (traceId) => {
          const held = parts.holding(traceId);
          return held && { home: held.part, state: held.state };
        },
        chunks: (part, traceId) => part.reader.chunks(traceId),
        hasLooseKey: (key) => parts.all().some(({ reader }) => reader.hasLooseKey(looseKey(key))),
      },
      () => performance.now(),
    );
    this.#sealer = new Sealer({
      live: this.#live,
      parts,
      journal: this.#journal,
      quietMs: made.quietMs,
      report: made.report,
    });
  }

  /** Reads the journal a crash or a kill left, seals what is in it and deletes it. */
  async replay(): Promise<void> {
    const { journalDirectory, report } = this.#made;
    for (const segment of Journal.segments(journalDirectory)) {
      this.#sealer.adopt(segment);
      for (const payload of Journal.read(journalDirectory, segment, report)) this.#replayBatch(payload, segment);
    }
    for (const part of this.#parts.all()) this.#latestMs = Math.max(this.#latestMs, part.lastUpdateMs());
    this.#sealer.start();
  }

  #replayBatch(payload: Buffer, segment: number): void {
    const { receivedAtMs, chunks } = decodeBatch(payload);
    for (const { traceId, chunk } of chunks) {
      this.#apply(this.#live.prepare({ receivedAtMs, keyId: '', ...decodeChunk(chunk, traceId) }), segment);
    }
  }

  async append(batch: AcceptedBatch): Promise<AppendResult> {
    if (this.#closing) throw new StoreUnavailableError('The store is closing.');
    if (this.#live.bytes > MAX_LIVE_BYTES) throw new StoreUnavailableError('The disk cannot follow; try again later.');
    this.#watchClock(batch.receivedAtMs);
    const prepared = this.#live.prepare(batch);
    if (!prepared.record) return prepared.result;
    let segment: number;
    try {
      segment = await this.#journal.append(prepared.record);
    } catch (cause) {
      this.#live.rollBack(prepared);
      throw new StoreUnavailableError(`The journal cannot be written: ${reason(cause)}.`, { cause });
    }
    this.#apply(prepared, segment);
    this.#version += 1;
    return prepared.result;
  }

  // Nothing breaks when a clock goes back, but people wonder why expiry waits.
  #watchClock(receivedAtMs: number): void {
    const behindMs = this.#latestMs - receivedAtMs;
    if (behindMs > CLOCK_SLACK_MS) {
      this.#made.report(
        `The clock was set back by ${Math.round(behindMs / 60_000)} min. What is stored stays; ` +
          'it expires by the time it was received at.',
      );
      this.#latestMs = receivedAtMs;
    } else if (behindMs < 0) this.#latestMs = receivedAtMs;
  }

  #apply(prepared: PreparedBatch<PartFile>, segment: number): void {
    this.#live.apply(prepared, segment);
    this.#sealer.added(segment, prepared.parts.length);
  }

  async trace(traceId: TraceId): Promise<StoredTrace | undefined> {
    const live = this.#live.get(traceId);
    const part = live?.home ?? this.#parts.holding(traceId)?.part;
    return readStoredTrace(traceId, [...(part?.reader.chunks(traceId) ?? []), ...(live?.chunks ?? [])]);
  }

  async search(filter: TraceFilter): Promise<TracePage> {
    const search = createSearch(filter);
    const found: SummaryState[] = [];
    for (const trace of this.#live.all()) {
      if (isListed(trace) && matches(trace.state, search)) found.push(trace.state);
    }
    const wanted = search.limit + 1;
    // A trace that is in memory as well is told from there: its summary holds both.
    found.push(...this.#parts.search(search, wanted, ({ traceId }) => !isListed(this.#live.get(traceId))));
    const page = found.sort(compareNewestFirst).slice(0, search.limit);
    const last = page.at(-1);
    const traces = page.map(toTraceSummary);
    return found.length > search.limit && last ? { traces, nextCursor: formatCursor(last) } : { traces };
  }

  async sessions(filter: SessionFilter): Promise<SessionSummary[]> {
    const limit = sessionLimit(filter);
    const latest = new Map<string, number>();
    const active = (sessionId: string, endUs: number): void => {
      latest.set(sessionId, Math.max(endUs, latest.get(sessionId) ?? 0));
    };
    // More than asked for: what matches in one part need not match as a whole.
    for (const { reader } of this.#parts.all()) {
      for (const { sessionId, endUs } of reader.sessions(filter, limit * 2)) active(sessionId, endUs);
    }
    const live = [...this.#live.all()].filter(isListed);
    for (const { state } of live) if (state.sessionId !== '') active(state.sessionId, traceEndUs(state));
    const sessions: SessionSummary[] = [];
    for (const [sessionId] of [...latest].sort(([, a], [, b]) => b - a)) {
      const states = live.flatMap(({ state }) => (state.sessionId === sessionId ? [state] : []));
      for (const { state } of this.#parts.tracesOf({ sessionId })) {
        if (!isListed(this.#live.get(state.traceId))) states.push(state);
      }
      const session = summarizeSession(sessionId, states, filter);
      if (session) sessions.push(session);
      if (sessions.length === limit) break;
    }
    return sessions.sort((a, b) => b.endMs - a.endMs);
  }

  async statistics(query: StatisticsQuery): Promise<StatisticsRow[]> {
    const statistics = createStatistics(query);
    for (const { reader } of this.#parts.all()) reader.statistics(query, statistics);
    for (const trace of this.#live.all()) {
      if (!isListed(trace)) continue;
      for (const { requests } of trace.chunks) for (const request of requests) statistics.add(request);
      if (trace.stored) for (const vital of vitalsOf(trace.stored, -1)) statistics.add(vital);
      for (const vital of vitalsOf(trace.state, 1)) statistics.add(vital);
    }
    return statistics.rows();
  }

  async remove(selector: RemoveSelector): Promise<ExpireResult> {
    const before = await this.stats();
    await this.#sealer.sealJournal();
    const byPart = new Map<PartFile, TraceId[]>(this.#parts.all().map((part) => [part, []]));
    for (const { part, state } of this.#parts.tracesOf(selector)) byPart.get(part)?.push(state.traceId);
    for (const [part, traceIds] of byPart) {
      part.remove(traceIds, selector);
    }
    const after = await this.stats();
    this.#version += 1;
    return {
      spans: before.spans - after.spans,
      traces: before.traces - after.traces,
      bytes: Math.max(0, before.bytes - after.bytes),
    };
  }

  async stats(): Promise<StoreStats> {
    const stats: StoreStats = { spans: 0, logs: 0, traces: 0, bytes: this.#bytes(), version: this.#version };
    const within = (oldestMs: number | undefined, newestMs: number | undefined): void => {
      if (oldestMs !== undefined) stats.oldestMs = Math.min(oldestMs, stats.oldestMs ?? oldestMs);
      if (newestMs !== undefined) stats.newestMs = Math.max(newestMs, stats.newestMs ?? newestMs);
    };
    for (const { totals } of this.#parts.all()) {
      stats.spans += totals.spans;
      stats.logs += totals.logs;
      stats.traces += totals.traces;
      within(totals.oldestMs, totals.newestMs);
    }
    for (const trace of this.#live.all()) {
      for (const chunk of trace.chunks) {
        stats.spans += chunk.spans;
        stats.logs += chunk.logs;
      }
      if (!isListed(trace)) continue;
      if (!trace.home) stats.traces += 1;
      const startMs = traceStartUs(trace.state) / 1000;
      within(startMs, startMs);
    }
    return stats;
  }

  async expire(nowMs: number): Promise<ExpireResult> {
    const { retentionMs, maxBytes } = this.#made;
    const removed: ExpireResult = { spans: 0, traces: 0, bytes: 0 };
    await this.#sealer.sealOlderThan(nowMs - retentionMs);
    const drop = (part: PartFile): void => {
      removed.spans += part.totals.spans;
      removed.traces += part.totals.traces;
      removed.bytes += part.bytes();
      this.#parts.drop(part);
      this.#live.forget(part);
    };
    for (const part of [...this.#parts.all()]) if (part.lastUpdateMs() < nowMs - retentionMs) drop(part);
    if (this.#bytes() > maxBytes) await this.#sealer.sealAll();
    for (const part of [...this.#parts.all()].slice(0, -1)) if (this.#bytes() > maxBytes) drop(part);
    if (removed.spans > 0) this.#version += 1;
    return removed;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#journal.close();
    await this.#sealer.stop();
    this.#parts.close();
    this.#made.unlock();
  }

  #bytes(): number {
    return this.#parts.bytes() + this.#sealer.journalBytes();
  }
}

/** Something of it is durable, and it is a trace. */
function isListed(trace: LiveTrace<PartFile> | undefined): boolean {
  return trace !== undefined && trace.traceId !== '' && trace.chunks.length > 0;
}
