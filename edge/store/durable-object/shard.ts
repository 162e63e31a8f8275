import type { TraceId } from '../../../src/wire/ids.ts';
import { decodeBatch } from '../encoding/batch.ts';
import { decodeChunk } from '../encoding/chunk.ts';
import { looseKey } from '../encoding/fingerprint.ts';
import type { LiveTrace } from '../live-trace.ts';
import { LiveTraces, type PreparedBatch } from '../live-traces.ts';
import { groupTraces, sealLoose, sealTrace } from '../seal-trace.ts';
import { createSearch } from '../search.ts';
import type { AppendResult, ExpireResult, RemoveSelector } from '../trace-store.ts';
import { COMPANY_BYTES, dueTraces, LIVE_BYTES, MAX_WAIT_MS } from './due-traces.ts';
import { JournalRows } from './journal-rows.ts';
import type { ObjectStorage } from './platform.ts';
import { readPacked, readRecords, type ShardMessage } from './shard-message.ts';
import { lastUpdateMs, type ShardPart, ShardParts } from './shard-parts.ts';
import { ShardReads } from './shard-reads.ts';
import { partLimits, type ShardSettings } from './shard-settings.ts';

/** Written in one transaction: a few blocks. An alarm writes as much and comes again for the rest. */
const GROUP_BYTES = 1024 * 1024;
/** Expiry takes whole parts away, so looking more often than this finds nothing new. */
const MIN_EXPIRY_WAIT_MS = 60_000;

/** What a batch came to: its counts, or why it could not be kept. */
export type ShardAppendAnswer = { result: AppendResult } | { unavailable: string };

/**
 * One shard of the store: journal, live traces and parts in the storage of one object. Everything here is synchronous,
 * so a question never sees half of a change; what was written is on disk when `storage.sync()` says so.
 */
export class Shard {
  readonly reads: ShardReads;
  readonly #storage: ObjectStorage;
  readonly #settings: ShardSettings;
  readonly #parts: ShardParts;
  readonly #journal: JournalRows;
  readonly #live: LiveTraces<ShardPart>;
  /** Chunks of each batch of the journal that are in no block yet. */
  readonly #open = new Map<number, number>();
  /** What time it is for traces; a replay goes through the times its batches came at. */
  #nowMs: () => number = Date.now;
  #version = Date.now();

  constructor(storage: ObjectStorage, settings: ShardSettings) {
    this.#storage = storage;
    this.#settings = settings;
    const parts = new ShardParts(storage, partLimits(settings));
    this.#parts = parts;
    this.#live = new LiveTraces<ShardPart>(
      {
        find: (traceId) => {
          const held = parts.holding(traceId);
          return held && { home: held.part, state: held.state };
        },
        chunks: (part, traceId) => part.reader.chunks(traceId),
        hasLooseKey: (key) => this.#hasLooseKey(key),
      },
      () => this.#nowMs(),
    );
    this.reads = new ShardReads(this.#live, parts);
    this.#journal = new JournalRows(storage);
    this.#replay();
  }

  get version(): number {
    return this.#version;
  }

  /** What an object of before accepted and did not get into blocks. */
  #replay(): void {
    for (const { batch, record } of this.#journal.read()) {
      const { receivedAtMs, chunks } = decodeBatch(record);
      this.#nowMs = () => Math.min(receivedAtMs, Date.now());
      this.#open.set(batch, 0);
      for (const { traceId, chunk } of chunks) {
        this.#apply(this.#live.prepare({ receivedAtMs, keyId: '', ...decodeChunk(chunk, traceId) }), batch);
      }
    }
    this.#nowMs = Date.now;
    // What a batch brought may all be in blocks.
    for (const [batch, open] of this.#open) {
      if (open > 0) continue;
      this.#journal.remove(batch);
      this.#open.delete(batch);
    }
  }

  append(message: ShardMessage): ShardAppendAnswer {
    const packed = readPacked(message);
    const prepared = (packed && this.#live.preparePacked(packed)) ?? this.#live.prepare(readRecords(message));
    if (!prepared.record) return { result: prepared.result };
    let batch: number;
    try {
      batch = this.#storage.transactionSync(() => this.#journal.add(prepared.record as Buffer));
    } catch (error) {
      this.#live.rollBack(prepared);
      return { unavailable: String(error) };
    }
    this.#apply(prepared, batch);
    this.#version += 1;
    if (this.#live.bytes > LIVE_BYTES) this.compact(1);
    return { result: prepared.result };
  }

  /** Which of these the shard already has something of. */
  holds(traceIds: readonly TraceId[], looseKeys: readonly string[]): { traceIds: TraceId[]; looseKeys: string[] } {
    return {
      traceIds: traceIds.filter((traceId) => this.#live.get(traceId) ?? this.#parts.holding(traceId)),
      looseKeys: looseKeys.filter((key) => this.#live.knowsLooseLog(key) || this.#hasLooseKey(key)),
    };
  }

  /** Moves what is due into blocks, at most so many groups. */
  compact(maxGroups: number): void {
    const due = dueTraces(this.#live.all(), {
      liveBytes: this.#live.bytes,
      nowMs: Date.now(),
      quietMs: this.#settings.quietMs,
    });
    this.#seal(due, maxGroups);
  }

  /** Moves everything into blocks. */
  sealAll(): void {
    this.#seal(this.reads.listed(), Number.POSITIVE_INFINITY);
  }

  expire(nowMs: number): ExpireResult {
    const { retentionMs, maxBytes } = this.#settings;
    const before = this.#storage.sql.databaseSize;
    const removed: ExpireResult = { spans: 0, logs: 0, traces: 0, bytes: 0 };
    const cutMs = nowMs - retentionMs;
    const old = this.reads.listed().filter(({ state }) => state.updatedMs < cutMs);
    this.#seal(old, Number.POSITIVE_INFINITY);
    const drop = (part: ShardPart): void => {
      const { spans, logs, traces } = part.reader.totals();
      removed.spans += spans;
      removed.logs += logs;
      removed.traces += traces;
      this.#parts.drop(part);
      this.#live.forget(part);
    };
    for (const part of [...this.#parts.all()]) if (lastUpdateMs(part) < cutMs) drop(part);
    const isOver = (): boolean => this.#storage.sql.databaseSize > maxBytes;
    if (isOver()) this.sealAll();
    for (const part of this.#parts.all().slice(0, -1)) if (isOver()) drop(part);
    if (removed.spans > 0) {
      this.#version += 1;
      removed.bytes = Math.max(0, before - this.#storage.sql.databaseSize);
    }
    return removed;
  }

  remove(selector: RemoveSelector): ExpireResult {
    this.sealAll();
    const before = this.reads.totals();
    const bytes = this.#storage.sql.databaseSize;
    const search = createSearch(selector);
    for (const part of this.#parts.all()) {
      const traceIds = [...part.reader.search(search)].map(({ traceId }) => traceId);
      part.writer.remove(traceIds, selector);
      part.reader.reset();
    }
    const after = this.reads.totals();
    this.#version += 1;
    return {
      spans: before.spans - after.spans,
      logs: before.logs - after.logs,
      traces: before.traces - after.traces,
      bytes: Math.max(0, bytes - this.#storage.sql.databaseSize),
    };
  }

  /** Epoch ms by which what was just appended should be looked at: sooner when it is worth a block. */
  appendedDueMs(nowMs: number): number {
    return nowMs + (this.#live.bytes >= COMPANY_BYTES ? this.#settings.quietMs : MAX_WAIT_MS);
  }

  /** Epoch ms at which `compact` or `expire` has something to do; `undefined` when the shard is empty. */
  nextDueMs(nowMs: number): number | undefined {
    const { quietMs, retentionMs } = this.#settings;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { waitingSinceMs } of this.reads.listed()) dueMs = Math.min(dueMs, waitingSinceMs + MAX_WAIT_MS);
    if (this.#live.bytes >= COMPANY_BYTES) dueMs = Math.min(dueMs, nowMs + quietMs);
    if (this.#live.bytes > LIVE_BYTES) dueMs = nowMs;
    const [oldest] = this.#parts.all();
    if (oldest) {
      dueMs = Math.min(dueMs, Math.max(lastUpdateMs(oldest) + retentionMs, nowMs + MIN_EXPIRY_WAIT_MS));
    }
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs;
  }

  #apply(prepared: PreparedBatch<ShardPart>, batch: number): void {
    this.#live.apply(prepared, batch);
    this.#open.set(batch, (this.#open.get(batch) ?? 0) + prepared.parts.length);
  }

  #hasLooseKey(key: string): boolean {
    return this.#parts.all().some(({ reader }) => reader.hasLooseKey(looseKey(key)));
  }

  #seal(traces: readonly LiveTrace<ShardPart>[], maxGroups: number): void {
    const byPart = new Map<ShardPart | undefined, LiveTrace<ShardPart>[]>();
    for (const trace of traces) {
      const group = byPart.get(trace.home);
      if (group) group.push(trace);
      else byPart.set(trace.home, [trace]);
    }
    let left = maxGroups;
    for (const [home, group] of byPart) {
      for (const some of groupTraces(group, GROUP_BYTES)) {
        if (left <= 0) return;
        left -= 1;
        this.#write(home, some);
      }
    }
  }

  #write(home: ShardPart | undefined, traces: readonly LiveTrace<ShardPart>[]): void {
    const lastMs = traces.reduce((last, { state }) => Math.max(last, state.updatedMs), 0);
    const part = home ?? this.#parts.current(lastMs);
    const loose = traces.find(({ traceId }) => traceId === '');
    const sealed = traces.filter((trace) => trace !== loose).map(sealTrace);
    const open = new Map<number, number>();
    for (const { segment } of traces.flatMap(({ chunks }) => chunks)) {
      open.set(segment, (open.get(segment) ?? this.#open.get(segment) ?? 0) - 1);
    }
    // Blocks and the end of their journal are one transaction: after a crash all of it is done or still to be done.
    try {
      this.#storage.transactionSync(() => {
        this.#parts.write(part, () => part.writer.write(sealed, loose && sealLoose(loose)));
        for (const [batch, left] of open) if (left <= 0) this.#journal.remove(batch);
      });
    } catch (error) {
      part.writer.forget();
      throw error;
    }
    for (const [batch, left] of open) {
      if (left > 0) this.#open.set(batch, left);
      else this.#open.delete(batch);
    }
    for (const trace of traces) this.#live.sealed(trace, trace.chunks.length, part);
  }
}
