import type { SpanId, TraceId } from '../../src/wire/ids.ts';
import type { OtlpSpan } from '../../src/wire/otlp.ts';
import type { LogRecord, SpanRecord } from '../otlp/records.ts';
import { type Chunk, decodeChunk } from './encoding/chunk.ts';
import { logKey, spanFingerprint } from './encoding/fingerprint.ts';
import { createLiveTrace, forgetHome, type LiveTrace, learnIds, type PendingChunk } from './live-trace.ts';
import { addLog, addSpan, type SummaryState } from './summary.ts';
import type { AcceptedBatch, AppendResult } from './trace-store.ts';

/** Where a trace lies in blocks already, asked once when something of it comes. */
export interface StoredPart<Home> {
  home: Home;
  state: SummaryState;
  chunks: Chunk[];
}

/** What the blocks know. */
export interface BlockLookup<Home> {
  find(traceId: TraceId): StoredPart<Home> | undefined;
  chunks(home: Home, traceId: TraceId): Chunk[];
  hasLooseKey(key: string): boolean;
}

/** A batch without what was there before. */
export interface PreparedBatch<Home> {
  receivedAtMs: number;
  chunks: PendingChunk<Home>[];
  result: AppendResult;
}

/**
 * The traces in memory, with the ids of all they hold: the one place that decides what is new, a duplicate or a
 * conflict. A batch is prepared at once, becomes readable with `apply` when it is durable, and leaves no trace with
 * `rollBack` when it cannot be.
 */
export class LiveTraces<Home> {
  // Least recently changed first.
  readonly #traces = new Map<TraceId | '', LiveTrace<Home>>();
  readonly #blocks: BlockLookup<Home>;
  readonly #nowMs: () => number;
  bytes = 0;

  constructor(blocks: BlockLookup<Home>, nowMs: () => number) {
    this.#blocks = blocks;
    this.#nowMs = nowMs;
  }

  get(traceId: TraceId | ''): LiveTrace<Home> | undefined {
    return this.#traces.get(traceId);
  }

  /** Least recently changed first. */
  all(): IterableIterator<LiveTrace<Home>> {
    return this.#traces.values();
  }

  prepare(batch: AcceptedBatch): PreparedBatch<Home> {
    const result: AppendResult = {
      storedSpans: 0,
      storedLogs: 0,
      duplicateSpans: 0,
      duplicateLogs: 0,
      conflictingSpans: 0,
    };
    const chunks = new Map<TraceId | '', PendingChunk<Home>>();
    const chunkOf = (traceId: TraceId | ''): PendingChunk<Home> => {
      let chunk = chunks.get(traceId);
      if (!chunk) {
        chunk = { trace: this.#open(traceId), trust: batch.trust, spans: [], logs: [], logKeys: [] };
        chunk.trace.pending.add(chunk);
        chunks.set(traceId, chunk);
      }
      return chunk;
    };
    for (const record of batch.spans) this.#prepareSpan(chunkOf(record.span.traceId), record, result);
    for (const record of batch.logs) this.#prepareLog(chunkOf(record.log.traceId ?? ''), record, result);
    for (const [traceId, chunk] of chunks) {
      if (chunk.spans.length > 0 || chunk.logs.length > 0) continue;
      this.#release(chunk);
      chunks.delete(traceId);
    }
    return { receivedAtMs: batch.receivedAtMs, chunks: [...chunks.values()], result };
  }

  /** The chunk is durable: it is counted and read from now on. */
  apply(pending: PendingChunk<Home>, chunk: Chunk, segment: number, receivedAtMs: number): void {
    const { trace, spans, logs } = pending;
    trace.pending.delete(pending);
    for (const record of spans) addSpan(trace.state, record);
    for (const record of logs) addLog(trace.state, record);
    trace.state.updatedMs = Math.max(trace.state.updatedMs, Math.round(receivedAtMs));
    const bytes = chunk.ids.length + chunk.body.length;
    trace.touchedMs = this.#nowMs();
    if (trace.chunks.length === 0) trace.waitingSinceMs = trace.touchedMs;
    trace.chunks.push({ ...chunk, segment, spans: spans.length, logs: logs.length });
    trace.bytes += bytes;
    this.bytes += bytes;
    this.#traces.delete(trace.traceId);
    this.#traces.set(trace.traceId, trace);
  }

  /** The batch could not be made durable: as if it had never come. */
  rollBack(prepared: PreparedBatch<Home>): void {
    for (const chunk of prepared.chunks) {
      for (const { span } of chunk.spans) chunk.trace.spanIds.delete(span.spanId);
      for (const key of chunk.logKeys) chunk.trace.logKeys.delete(key);
      this.#release(chunk);
    }
  }

  /** The first `count` chunks of a trace lie in blocks now. */
  sealed(trace: LiveTrace<Home>, count: number, home: Home): void {
    for (const chunk of trace.chunks.splice(0, count)) {
      const bytes = chunk.ids.length + chunk.body.length;
      trace.bytes -= bytes;
      this.bytes -= bytes;
    }
    trace.home = home;
    trace.waitingSinceMs = this.#nowMs();
    if (trace.chunks.length === 0 && trace.pending.size === 0) this.#traces.delete(trace.traceId);
  }

  /** Blocks were deleted: what is left of their traces is in memory. */
  forget(home: Home): void {
    for (const trace of this.#traces.values()) if (trace.home === home) forgetHome(trace);
  }

  #release(chunk: PendingChunk<Home>): void {
    const { trace } = chunk;
    trace.pending.delete(chunk);
    if (trace.chunks.length === 0 && trace.pending.size === 0) this.#traces.delete(trace.traceId);
  }

  #open(traceId: TraceId | ''): LiveTrace<Home> {
    let trace = this.#traces.get(traceId);
    if (trace) return trace;
    trace = createLiveTrace<Home>(traceId, this.#nowMs());
    const stored = traceId === '' ? undefined : this.#blocks.find(traceId);
    if (stored) {
      trace.home = stored.home;
      trace.state = stored.state;
      for (const chunk of stored.chunks) learnIds(trace, chunk);
    }
    this.#traces.set(traceId, trace);
    return trace;
  }

  #prepareSpan(chunk: PendingChunk<Home>, record: SpanRecord, result: AppendResult): void {
    const { trace } = chunk;
    const { spanId } = record.span;
    const owner = trace.spanIds.get(spanId);
    if (owner === undefined) {
      trace.spanIds.set(spanId, chunk.trust);
      chunk.spans.push(record);
      result.storedSpans += 1;
    } else if (owner === 'trusted' && chunk.trust === 'public') result.conflictingSpans += 1;
    else if (this.#isSame(trace, record.span)) result.duplicateSpans += 1;
    else result.conflictingSpans += 1;
  }

  #prepareLog(chunk: PendingChunk<Home>, record: LogRecord, result: AppendResult): void {
    const { trace } = chunk;
    const key = logKey(record);
    if (trace.logKeys.has(key) || (trace.traceId === '' && this.#blocks.hasLooseKey(key))) {
      result.duplicateLogs += 1;
      return;
    }
    trace.logKeys.add(key);
    chunk.logs.push(record);
    chunk.logKeys.push(key);
    result.storedLogs += 1;
  }

  // A resent batch asks this for span after span of one trace: its spans are read once a turn.
  #compared: { trace: LiveTrace<Home>; spans: Map<SpanId, OtlpSpan> } | undefined;

  #isSame(trace: LiveTrace<Home>, span: OtlpSpan): boolean {
    for (const { spans } of trace.pending) {
      const pending = spans.find((record) => record.span.spanId === span.spanId);
      if (pending) return spanFingerprint(pending.span) === spanFingerprint(span);
    }
    if (this.#compared?.trace !== trace) {
      this.#compared = { trace, spans: this.#spans(trace) };
      queueMicrotask(() => {
        this.#compared = undefined;
      });
    }
    const stored = this.#compared.spans.get(span.spanId);
    return stored !== undefined && spanFingerprint(stored) === spanFingerprint(span);
  }

  #spans(trace: LiveTrace<Home>): Map<SpanId, OtlpSpan> {
    const spans = new Map<SpanId, OtlpSpan>();
    const stored = trace.home === undefined ? [] : this.#blocks.chunks(trace.home, trace.traceId);
    for (const chunk of [...stored, ...trace.chunks]) {
      for (const { span } of decodeChunk(chunk, trace.traceId).spans) {
        if (!spans.has(span.spanId)) spans.set(span.spanId, span);
      }
    }
    return spans;
  }
}
