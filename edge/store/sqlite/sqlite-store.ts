import type { TraceId } from '../../../src/wire/ids.ts';
import { decodeBatch } from '../encoding/batch.ts';
import { decodeChunk } from '../encoding/chunk.ts';
import { looseKey } from '../encoding/fingerprint.ts';
import { LiveTraces, type PreparedBatch } from '../live-traces.ts';
import { type PackedBatch, type PackedStore, unpackBatch } from '../packing/packed-batch.ts';
import type { PageTextStore } from '../page-text.ts';
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
} from '../trace-store.ts';
import { Journal } from './journal.ts';
import type { PartFile } from './part-file.ts';
import type { PartFiles } from './part-files.ts';
import { askReadThread } from './read-thread.ts';
import { Sealer } from './sealer.ts';
import { SqliteReads } from './sqlite-reads.ts';
import { reason } from './store-file.ts';

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
export class SqliteStore implements PackedStore, PageTextStore {
  readonly #made: SqliteStoreParts;
  readonly #parts: PartFiles;
  readonly #journal: Journal;
  readonly #live: LiveTraces<PartFile>;
  readonly #sealer: Sealer;
  readonly #reads: SqliteReads;
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
    this.#reads = new SqliteReads(this.#live, parts, this.#sealer);
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
    await this.#admit(batch.receivedAtMs);
    return this.#commit(this.#live.prepare(batch));
  }

  async appendPacked(batch: PackedBatch): Promise<AppendResult> {
    await this.#admit(batch.receivedAtMs);
    return this.#commit(this.#live.preparePacked(batch) ?? this.#live.prepare(unpackBatch(batch)));
  }

  async #admit(receivedAtMs: number): Promise<void> {
    // Every write makes some room. Where none can be made, the limit below decides.
    while (!this.#closing && this.#sealer.isBehind && (await this.#sealer.nextWrite()));
    if (this.#closing) throw new StoreUnavailableError('The store is closing.');
    if (this.#live.bytes > MAX_LIVE_BYTES) throw new StoreUnavailableError('The disk cannot follow; try again later.');
    this.#watchClock(receivedAtMs);
  }

  async #commit(prepared: PreparedBatch<PartFile>): Promise<AppendResult> {
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

  trace(traceId: TraceId): Promise<StoredTrace | undefined> {
    return this.#reads.trace(traceId);
  }

  async search(filter: TraceFilter): Promise<TracePage> {
    return JSON.parse(await this.#reads.search(filter));
  }

  searchText(filter: TraceFilter): Promise<string> {
    return this.#reads.search(filter);
  }

  sessions(filter: SessionFilter): Promise<SessionSummary[]> {
    return this.#reads.sessions(filter);
  }

  statistics(query: StatisticsQuery): Promise<StatisticsRow[]> {
    return this.#reads.statistics(query);
  }

  async stats(): Promise<StoreStats> {
    return { ...this.#reads.totals(), bytes: this.#bytes(), version: this.#version };
  }

  async remove(selector: RemoveSelector): Promise<ExpireResult> {
    const before = await this.stats();
    await this.#sealer.sealJournal();
    await this.#sealer.between(async () => {
      const byPart = new Map<PartFile, TraceId[]>(this.#parts.all().map((part) => [part, []]));
      for (const { part, state } of this.#parts.tracesOf(selector)) byPart.get(part)?.push(state.traceId);
      for (const [part, traceIds] of byPart) {
        await askReadThread('release', [part.path]);
        await part.remove(traceIds, selector);
      }
    });
    const after = await this.stats();
    this.#version += 1;
    return {
      spans: before.spans - after.spans,
      logs: before.logs - after.logs,
      traces: before.traces - after.traces,
      bytes: Math.max(0, before.bytes - after.bytes),
    };
  }

  async expire(nowMs: number): Promise<ExpireResult> {
    const { retentionMs, maxBytes } = this.#made;
    const removed: ExpireResult = { spans: 0, logs: 0, traces: 0, bytes: 0 };
    await this.#sealer.sealOlderThan(nowMs - retentionMs);
    const drop = async (part: PartFile): Promise<void> => {
      removed.spans += part.totals.spans;
      removed.logs += part.totals.logs;
      removed.traces += part.totals.traces;
      removed.bytes += part.bytes();
      await this.#parts.drop(part);
      this.#live.forget(part);
    };
    await this.#sealer.between(async () => {
      for (const part of [...this.#parts.all()]) if (part.lastUpdateMs() < nowMs - retentionMs) await drop(part);
    });
    if (this.#bytes() > maxBytes) await this.#sealer.sealAll();
    await this.#sealer.between(async () => {
      for (const part of [...this.#parts.all()].slice(0, -1)) if (this.#bytes() > maxBytes) await drop(part);
    });
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
    await this.#parts.release();
    this.#made.unlock();
  }

  #bytes(): number {
    return this.#parts.bytes() + this.#sealer.journalBytes();
  }
}
