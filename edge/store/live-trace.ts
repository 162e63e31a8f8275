import type { SpanId, TraceId } from '../../src/wire/ids.ts';
import type { LogRecord, SpanRecord } from '../otlp/records.ts';
import { type Chunk, decodeChunk } from './encoding/chunk.ts';
import { logKey } from './encoding/fingerprint.ts';
import { addLog, addSpan, emptySummary, type SummaryState } from './summary.ts';
import type { Trust } from './trace-store.ts';

export interface LiveChunk extends Chunk {
  /** The journal segment that holds it. */
  segment: number;
  spans: number;
  logs: number;
}

/** A trace that is still in memory (and in the journal): not in a block yet, or something came after it was. */
export interface LiveTrace<Home> {
  /** '' for the log records that belong to no trace. */
  traceId: TraceId | '';
  /** Where the trace already lies in blocks. */
  home: Home | undefined;
  /** Of everything known of the trace, blocks included. */
  state: SummaryState;
  spanIds: Map<SpanId, Trust>;
  logKeys: Set<string>;
  /** What is durable and not in a block. */
  chunks: LiveChunk[];
  bytes: number;
  /** Accepted but not synced yet: what two requests bring at the same moment is compared as well. */
  pending: Set<PendingChunk<Home>>;
  /** Monotonic ms of the last change. */
  touchedMs: number;
  /** Monotonic ms since which something waits to be sealed. */
  waitingSinceMs: number;
}

/** The new records of one trace in one batch. */
export interface PendingChunk<Home> {
  trace: LiveTrace<Home>;
  trust: Trust;
  spans: SpanRecord[];
  logs: LogRecord[];
  logKeys: string[];
}

export function createLiveTrace<Home>(traceId: TraceId | '', nowMs: number): LiveTrace<Home> {
  return {
    traceId,
    home: undefined,
    state: emptySummary(traceId),
    spanIds: new Map(),
    logKeys: new Set(),
    chunks: [],
    bytes: 0,
    pending: new Set(),
    touchedMs: nowMs,
    waitingSinceMs: nowMs,
  };
}

/** Learns the ids that are in a chunk, so that they are known when they come again. */
export function learnIds(trace: LiveTrace<unknown>, chunk: Chunk): void {
  const content = decodeChunk(chunk, trace.traceId);
  for (const { span } of content.spans) trace.spanIds.set(span.spanId, content.trust);
  for (const record of content.logs) trace.logKeys.add(logKey(record));
}

/** Forgets what lay in blocks that are gone: the trace is what is left of it in memory. */
export function forgetHome(trace: LiveTrace<unknown>): void {
  trace.home = undefined;
  const { updatedMs } = trace.state;
  trace.state = emptySummary(trace.traceId);
  trace.state.updatedMs = updatedMs;
  trace.spanIds.clear();
  trace.logKeys.clear();
  for (const chunk of trace.chunks) {
    learnIds(trace, chunk);
    const { spans, logs } = decodeChunk(chunk, trace.traceId);
    for (const record of spans) addSpan(trace.state, record);
    for (const record of logs) addLog(trace.state, record);
  }
  for (const pending of trace.pending) {
    for (const { span } of pending.spans) trace.spanIds.set(span.spanId, pending.trust);
    for (const key of pending.logKeys) trace.logKeys.add(key);
  }
}
