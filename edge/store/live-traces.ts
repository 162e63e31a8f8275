import type { SpanId, TraceId } from '../../src/wire/ids.ts';
import type { OtlpSpan } from '../../src/wire/otlp.ts';
import type { LogRecord, SpanRecord } from '../otlp/records.ts';
import { BatchEncoder, type TraceContent } from './encoding/batch.ts';
import { type Chunk, decodeChunk } from './encoding/chunk.ts';
import { logKey, spanFingerprint } from './encoding/fingerprint.ts';
import {
  addPending,
  addState,
  createLiveTrace,
  forgetHome,
  holdsSomeOf,
  knowsLog,
  type LiveChunk,
  type LiveTrace,
  learnStored,
  ownerOf,
  removePending,
  stateInBlocks,
  summarize,
} from './live-trace.ts';
import type { PackedBatch } from './packing/packed-batch.ts';
import { ReadableTraces } from './readable-traces.ts';
import { copySummary, type SummaryState } from './summary.ts';
import type { Totals } from './totals.ts';
import type { AcceptedBatch, AppendResult, Trust } from './trace-store.ts';

/** What the blocks know; asked once when something of a trace comes that is not in memory. */
export interface BlockLookup<Home> {
  find(traceId: TraceId): { home: Home; state: SummaryState } | undefined;
  chunks(home: Home, traceId: TraceId): Chunk[];
  hasLooseKey(key: string): boolean;
}

/** A batch without what was there before. */
export interface PreparedBatch<Home> {
  result: AppendResult;
  /** What the journal has to keep; `undefined` when nothing is new. */
  record: Buffer | undefined;
  parts: { trace: LiveTrace<Home>; chunk: LiveChunk }[];
}

/** The records of one trace in a batch that is being prepared. */
interface Group<Home> extends TraceContent {
  content: { trust: Trust; spans: SpanRecord[]; logs: LogRecord[] };
  ordinals: Map<SpanId, number>;
  trace: LiveTrace<Home>;
  logKeys: string[];
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
  readonly #encoder = new BatchEncoder();
  readonly readable = new ReadableTraces<Home>();
  bytes = 0;
  #spanCount = 0;
  #logCount = 0;

  constructor(blocks: BlockLookup<Home>, nowMs: () => number) {
    this.#blocks = blocks;
    this.#nowMs = nowMs;
  }

  get(traceId: TraceId | ''): LiveTrace<Home> | undefined {
    return this.#traces.get(traceId);
  }

  /** Whether a log record that belongs to no trace is in memory. */
  knowsLooseLog(key: string): boolean {
    const loose = this.#traces.get('');
    return loose !== undefined && knowsLog(loose, key);
  }

  /** Least recently changed first. */
  all(): IterableIterator<LiveTrace<Home>> {
    return this.#traces.values();
  }

  /** Of what is durable and in no block yet. */
  totals(): Totals {
    return { ...this.readable.totals(), spans: this.#spanCount, logs: this.#logCount };
  }

  prepare(batch: AcceptedBatch): PreparedBatch<Home> {
    const result = { storedSpans: 0, storedLogs: 0, duplicateSpans: 0, duplicateLogs: 0, conflictingSpans: 0 };
    const groups = this.#group(batch, result);
    if (groups.length === 0) return { result, record: undefined, parts: [] };
    const { record, chunks } = this.#encoder.encode(batch.receivedAtMs, groups);
    const parts = groups.map(({ trace, content, logKeys }, i) => {
      const { state, requests, hashes } = summarize(trace.traceId, content, batch.receivedAtMs);
      const { ids, body } = chunks[i] as Chunk;
      const { spans, logs } = content;
      const chunk = { ids, body, spans: spans.length, logs: logs.length, state, requests, hashes, logKeys, segment: 0 };
      addPending(trace, chunk);
      return { trace, chunk };
    });
    return { result, record, parts };
  }

  /**
   * Like `prepare`, of a batch that is encoded already. `undefined` when something of it was there before: then its records
   * have to be looked at one by one.
   */
  preparePacked(batch: PackedBatch): PreparedBatch<Home> | undefined {
    const traces: LiveTrace<Home>[] = [];
    for (const packed of batch.traces) {
      const trace = this.#open(packed.traceId);
      traces.push(trace);
      if (holdsSomeOf(trace, packed)) {
        for (const opened of traces) this.#dropIfEmpty(opened);
        return undefined;
      }
    }
    const result = { storedSpans: 0, storedLogs: 0, duplicateSpans: 0, duplicateLogs: 0, conflictingSpans: 0 };
    const parts = batch.traces.map(({ ids, body, spans, logs, state, hashes, requests, logKeys }, i) => {
      const chunk = { ids, body, spans, logs, state, hashes, requests, logKeys, segment: 0 };
      const trace = traces[i] as LiveTrace<Home>;
      addPending(trace, chunk);
      result.storedSpans += spans;
      result.storedLogs += logs;
      return { trace, chunk };
    });
    return { result, record: parts.length === 0 ? undefined : batch.record, parts };
  }

  /** The batch is durable: it is counted and read from now on. */
  apply(prepared: PreparedBatch<Home>, segment: number): void {
    const nowMs = this.#nowMs();
    for (const { trace, chunk } of prepared.parts) {
      trace.pending.splice(trace.pending.indexOf(chunk), 1);
      chunk.segment = segment;
      addState(trace, chunk);
      trace.touchedMs = nowMs;
      if (trace.chunks.length === 0) trace.waitingSinceMs = nowMs;
      trace.chunks.push(chunk);
      const bytes = chunk.ids.length + chunk.body.length;
      trace.bytes += bytes;
      this.bytes += bytes;
      this.#spanCount += chunk.spans;
      this.#logCount += chunk.logs;
      this.#traces.delete(trace.traceId);
      this.#traces.set(trace.traceId, trace);
      this.readable.changed(trace);
    }
  }

  /** The batch could not be made durable: as if it had never come. */
  rollBack(prepared: PreparedBatch<Home>): void {
    for (const { trace, chunk } of prepared.parts) {
      removePending(trace, chunk);
      this.#dropIfEmpty(trace);
    }
  }

  /** The first `count` chunks of a trace lie in blocks now. */
  sealed(trace: LiveTrace<Home>, count: number, home: Home): void {
    const chunks = trace.chunks.splice(0, count);
    for (const { ids, body, spans, logs } of chunks) {
      trace.bytes -= ids.length + body.length;
      this.bytes -= ids.length + body.length;
      this.#spanCount -= spans;
      this.#logCount -= logs;
    }
    const isDropped = this.#dropIfEmpty(trace);
    if (!isDropped) trace.home = home;
    this.readable.changed(trace);
    if (isDropped) return;
    trace.stored = stateInBlocks(trace, chunks);
    trace.waitingSinceMs = this.#nowMs();
    if (trace.owners && trace.logKeys) return;
    // It stays because something more is on its way: what was searched before must be known still.
    learnStored(trace, [...chunks, ...trace.chunks, ...trace.pending]);
  }

  /** Blocks were deleted: what is left of their traces is in memory. */
  forget(home: Home): void {
    for (const trace of this.#traces.values()) {
      if (trace.home !== home) continue;
      forgetHome(trace);
      this.readable.changed(trace);
    }
  }

  #dropIfEmpty(trace: LiveTrace<Home>): boolean {
    if (trace.chunks.length > 0 || trace.pending.length > 0) return false;
    return this.#traces.delete(trace.traceId);
  }

  #group(batch: AcceptedBatch, result: AppendResult): Group<Home>[] {
    const groups = new Map<TraceId | '', Group<Home>>();
    let last: Group<Home> | undefined;
    const groupOf = (traceId: TraceId | ''): Group<Home> => {
      if (last?.traceId === traceId) return last;
      last = groups.get(traceId);
      if (last) return last;
      const content = { trust: batch.trust, spans: [], logs: [] };
      last = { traceId, content, ordinals: new Map(), trace: this.#open(traceId), logKeys: [] };
      groups.set(traceId, last);
      return last;
    };
    for (const record of batch.spans) this.#addSpan(groupOf(record.span.traceId), record, result);
    for (const record of batch.logs) this.#addLog(groupOf(record.log.traceId ?? ''), record, result);
    const fresh: Group<Home>[] = [];
    for (const group of groups.values()) {
      if (group.content.spans.length > 0 || group.content.logs.length > 0) fresh.push(group);
      else this.#dropIfEmpty(group.trace);
    }
    return fresh;
  }

  #open(traceId: TraceId | ''): LiveTrace<Home> {
    let trace = this.#traces.get(traceId);
    if (trace) return trace;
    trace = createLiveTrace<Home>(traceId, this.#nowMs());
    const stored = traceId === '' ? undefined : this.#blocks.find(traceId);
    if (stored) {
      trace.home = stored.home;
      trace.stored = stored.state;
      trace.state = copySummary(stored.state);
      learnStored(trace, this.#blocks.chunks(stored.home, traceId));
    }
    this.#traces.set(traceId, trace);
    return trace;
  }

  #addSpan(group: Group<Home>, record: SpanRecord, result: AppendResult): void {
    const { trace, content, ordinals } = group;
    const { spanId } = record.span;
    const twin = ordinals.get(spanId);
    const owner = twin === undefined ? ownerOf(trace, spanId) : content.trust;
    if (owner === undefined) {
      ordinals.set(spanId, content.spans.length);
      content.spans.push(record);
      result.storedSpans += 1;
      return;
    }
    const first = twin === undefined ? undefined : content.spans[twin]?.span;
    const forged = owner === 'trusted' && content.trust === 'public';
    if (!forged && this.#isSame(trace, first, record.span)) result.duplicateSpans += 1;
    else result.conflictingSpans += 1;
  }

  #addLog(group: Group<Home>, record: LogRecord, result: AppendResult): void {
    const { trace, content, logKeys } = group;
    const key = logKey(record);
    const known = knowsLog(trace, key) || logKeys.includes(key);
    if (known || (trace.traceId === '' && this.#blocks.hasLooseKey(key))) {
      result.duplicateLogs += 1;
      return;
    }
    content.logs.push(record);
    logKeys.push(key);
    result.storedLogs += 1;
  }

  // A resent batch asks this for span after span of one trace: its spans are read once a turn.
  #compared: { trace: LiveTrace<Home>; spans: Map<SpanId, OtlpSpan> } | undefined;

  #isSame(trace: LiveTrace<Home>, first: OtlpSpan | undefined, span: OtlpSpan): boolean {
    if (!first && this.#compared?.trace !== trace) {
      this.#compared = { trace, spans: this.#spans(trace) };
      queueMicrotask(() => {
        this.#compared = undefined;
      });
    }
    const known = first ?? this.#compared?.spans.get(span.spanId);
    return known !== undefined && spanFingerprint(known) === spanFingerprint(span);
  }

  #spans(trace: LiveTrace<Home>): Map<SpanId, OtlpSpan> {
    const spans = new Map<SpanId, OtlpSpan>();
    const stored = trace.home === undefined ? [] : this.#blocks.chunks(trace.home, trace.traceId);
    for (const chunk of [...stored, ...trace.chunks, ...trace.pending]) {
      for (const { span } of decodeChunk(chunk, trace.traceId).spans) {
        if (!spans.has(span.spanId)) spans.set(span.spanId, span);
      }
    }
    return spans;
  }
}
