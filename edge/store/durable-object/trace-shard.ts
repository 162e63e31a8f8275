import { DurableObject } from 'cloudflare:workers';
import type { TraceId } from '../../../src/wire/ids.ts';
import type { Chunk } from '../encoding/chunk.ts';
import type { ListedTrace } from '../listed-trace.ts';
import type { PackedRollup } from '../rollup.ts';
import type { ActiveSession } from '../sessions.ts';
import type { SummaryState } from '../summary.ts';
import type { Totals } from '../totals.ts';
import type { ExpireResult, RemoveSelector, SessionFilter, StatisticsQuery, TraceFilter } from '../trace-store.ts';
import { createNextTurn } from './next-turn.ts';
import type { ObjectContext, ObjectStorage } from './platform.ts';
import { Shard, type ShardAppendAnswer } from './shard.ts';
import type { ShardMessage } from './shard-message.ts';
import type { ShardSettings } from './shard-settings.ts';
import { UntoldExpiry } from './untold-expiry.ts';

export interface ShardStats extends Totals {
  bytes: number;
  version: number;
}

/** Where a shard runs. */
export interface ShardHost {
  /** Told of faults, in one sentence for an operator. */
  report(message: string): void;
  /** Told how many spans and log records its alarms have deleted; asked again when it rejects. */
  expired(records: number): Promise<void>;
}

/** An alarm that failed is tried again after this; Cloudflare itself gives up after six times. */
const RETRY_MS = 60_000;

/**
 * The Durable Object that keeps one shard of the traces; a Worker extends it with its settings. Its methods are called by
 * `openDurableObjectStore`.
 */
export class TraceShard extends DurableObject {
  readonly #storage: ObjectStorage;
  readonly #shard: Shard;
  readonly #host: ShardHost;
  readonly #untold: UntoldExpiry;
  readonly #nextTurn = createNextTurn();
  #alarmMs: number | null = null;

  constructor(ctx: ObjectContext, env: unknown, settings: ShardSettings, host: ShardHost) {
    super(ctx as never, env as never);
    this.#storage = ctx.storage;
    this.#host = host;
    this.#shard = new Shard(ctx.storage, settings);
    this.#untold = new UntoldExpiry(ctx.storage);
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarmMs = await ctx.storage.getAlarm();
    });
  }

  /** Takes a shard's part of a batch; answers when it is on disk. Parts that come at about the same time are one commit. */
  async append(message: ShardMessage): Promise<ShardAppendAnswer> {
    await this.#nextTurn();
    const answer = this.#shard.append(message);
    const dueMs = this.#shard.appendedDueMs(Date.now());
    if (this.#alarmMs === null || dueMs < this.#alarmMs) this.#setAlarm(dueMs);
    await this.#storage.sync();
    return answer;
  }

  holds(traceIds: readonly TraceId[], looseKeys: readonly string[]): ReturnType<Shard['holds']> {
    return this.#shard.holds(traceIds, looseKeys);
  }

  chunks(traceId: TraceId): Chunk[] {
    // Views into larger buffers would be sent with all of the buffer.
    return this.#shard.reads.chunks(traceId).map(({ ids, body }) => ({ ids: bare(ids), body: bare(body) }));
  }

  search(filter: TraceFilter, count: number): ListedTrace[] {
    return this.#shard.reads.search(filter, count);
  }

  summary(traceId: TraceId): SummaryState | undefined {
    return this.#shard.reads.summary(traceId);
  }

  sessions(filter: SessionFilter, count: number): ActiveSession[] {
    return this.#shard.reads.sessions(filter, count);
  }

  sessionTraces(sessionIds: readonly string[]): SummaryState[] {
    return this.#shard.reads.sessionTraces(sessionIds);
  }

  statistics(query: StatisticsQuery): PackedRollup[] {
    return this.#shard.reads.statistics(query).map((rollup) => ({ ...rollup, histogram: bare(rollup.histogram) }));
  }

  stats(): ShardStats {
    const { version } = this.#shard;
    return { ...this.#shard.reads.totals(), bytes: this.#storage.sql.databaseSize, version };
  }

  async expire(nowMs: number): Promise<ExpireResult> {
    const removed = this.#shard.expire(nowMs);
    await this.#storage.sync();
    return removed;
  }

  async remove(selector: RemoveSelector): Promise<ExpireResult> {
    const removed = this.#shard.remove(selector);
    await this.#storage.sync();
    return removed;
  }

  /** Moves everything into blocks. */
  async seal(): Promise<void> {
    this.#shard.sealAll();
    await this.#storage.sync();
  }

  /** Compaction and expiry, a piece at a time. */
  async alarm(): Promise<void> {
    this.#alarmMs = null;
    try {
      this.#shard.compact(1);
      const { spans, logs } = this.#shard.expire(Date.now());
      this.#untold.add(spans + logs);
      if (this.#untold.records > 0) await this.#tellExpired();
      const dueMs = this.#shard.nextDueMs(Date.now());
      if (dueMs !== undefined) this.#setAlarm(dueMs);
    } catch (error) {
      this.#host.report(`A shard's alarm failed and comes again in a minute: ${String(error)}`);
      this.#setAlarm(Date.now() + RETRY_MS);
    }
  }

  async #tellExpired(): Promise<void> {
    const { records } = this.#untold;
    await this.#host.expired(records);
    this.#untold.add(-records);
  }

  #setAlarm(dueMs: number): void {
    this.#alarmMs = dueMs;
    // Written with everything else of this turn; when that fails the object starts anew and reads what is set.
    void this.#storage.setAlarm(dueMs);
  }
}

function bare(bytes: Uint8Array): Buffer {
  return new Uint8Array(bytes) as Buffer;
}
