import type { SpanId, TraceId } from '../../src/wire/ids.ts';
import type { ResourceRecord } from '../otlp/records.ts';
import { addAttributeHashes } from './attribute-hash.ts';
import { hexInto } from './encoding/byte-writer.ts';
import { type Chunk, type ChunkContent, chunkHolds, chunkOwner, chunkTrust, decodeChunk } from './encoding/chunk.ts';
import { logKey } from './encoding/fingerprint.ts';
import type { ListedTrace } from './listed-trace.ts';
import { type Measurement, requestOf } from './rollup.ts';
import type { StartPlace } from './start-order.ts';
import { addLog, addSpan } from './summarize-records.ts';
import { copySummary, emptySummary, mergeSummary, type SummaryState } from './summary.ts';
import type { Trust } from './trace-store.ts';

/** What one batch brought of a trace, as bytes: the records themselves are let go at once. */
export interface LiveChunk extends Chunk {
  spans: number;
  logs: number;
  /** Of this chunk alone. */
  state: SummaryState;
  /** Of all its attributes, for the filter of its block. */
  hashes: Uint32Array;
  /** What its spans say of requests. */
  requests: readonly Measurement[];
  /** Of its log records. */
  logKeys: readonly string[];
  /** The journal segment that holds it; 0 until it is synced. */
  segment: number;
}

/** A trace that is still in memory (and in the journal): not in a block yet, or something came after it was. */
export interface LiveTrace<Home> {
  /** '' for the log records that belong to no trace. */
  traceId: TraceId | '';
  /** Where the trace already lies in blocks. */
  home: Home | undefined;
  /** Of what lies in blocks, when something does. */
  stored: SummaryState | undefined;
  /** Of everything durable of the trace, blocks included. Of a trace of one chunk, that chunk's own. */
  state: SummaryState;
  /** What is durable and not in a block. */
  chunks: LiveChunk[];
  /** Accepted but not synced yet: what two requests bring at the same moment is compared as well. */
  pending: LiveChunk[];
  bytes: number;
  /** Monotonic ms of the last change. */
  touchedMs: number;
  /** Monotonic ms since which something waits to be sealed. */
  waitingSinceMs: number;
  /** All span ids and whose they are; a small trace is searched instead. */
  owners: Map<SpanId, Trust> | undefined;
  /** Keys of all log records; a trace with few of them is searched instead. */
  logKeys: Set<string> | undefined;
  /** Among those that are read, while there are chunks. */
  place: StartPlace<LiveTrace<Home>> | undefined;
  /** Its row in a list, once it was asked for, until the trace changes. */
  row: ListedTrace | undefined;
}

// Reading through so many ids costs less than keeping a map of them.
const MAX_SEARCHED_SPANS = 64;
const MAX_SEARCHED_LOGS = 32;

export function createLiveTrace<Home>(traceId: TraceId | '', nowMs: number): LiveTrace<Home> {
  return {
    traceId,
    home: undefined,
    stored: undefined,
    state: emptySummary(traceId),
    chunks: [],
    pending: [],
    bytes: 0,
    touchedMs: nowMs,
    waitingSinceMs: nowMs,
    owners: undefined,
    logKeys: undefined,
    place: undefined,
    row: undefined,
  };
}

/** Learns what lies in blocks, so that it is known when it comes again. */
export function learnStored(trace: LiveTrace<unknown>, chunks: readonly Chunk[]): void {
  trace.owners = new Map();
  trace.logKeys ??= new Set();
  for (const chunk of chunks) {
    const content = decodeChunk(chunk, trace.traceId);
    for (const { span } of content.spans) trace.owners.set(span.spanId, content.trust);
    for (const record of content.logs) trace.logKeys.add(logKey(record));
  }
}

const wanted = new Uint8Array(8);

/** Who sent the span of this id that the trace already has. */
export function ownerOf(trace: LiveTrace<unknown>, spanId: SpanId): Trust | undefined {
  if (trace.owners) return trace.owners.get(spanId);
  if (trace.chunks.length === 0 && trace.pending.length === 0) return undefined;
  hexInto(wanted, spanId);
  for (const chunks of [trace.chunks, trace.pending]) {
    for (const chunk of chunks) {
      const owner = chunkOwner(chunk, chunk.spans, wanted);
      if (owner) return owner;
    }
  }
  return undefined;
}

/** Whether the trace already has a log record. */
export function knowsLog(trace: LiveTrace<unknown>, key: string): boolean {
  if (trace.logKeys) return trace.logKeys.has(key);
  const hasKey = ({ logKeys }: LiveChunk): boolean => logKeys.includes(key);
  return trace.chunks.some(hasKey) || trace.pending.some(hasKey);
}

/** Whether the trace already has a span or log record of a chunk. */
export function holdsSomeOf(trace: LiveTrace<unknown>, chunk: Chunk & { spans: number; logKeys: string[] }): boolean {
  if (!trace.owners && trace.chunks.length === 0 && trace.pending.length === 0) return false;
  if (chunk.logKeys.some((key) => knowsLog(trace, key))) return true;
  for (let at = 0; at < chunk.spans * 8; at += 8) {
    if (trace.owners) {
      if (trace.owners.has(chunk.ids.toString('hex', at, at + 8))) return true;
    } else if (holdsId(trace.chunks, chunk.ids, at) || holdsId(trace.pending, chunk.ids, at)) return true;
  }
  return false;
}

function holdsId(chunks: readonly LiveChunk[], ids: Buffer, at: number): boolean {
  for (const chunk of chunks) if (chunkHolds(chunk, chunk.spans, ids, at)) return true;
  return false;
}

/** A chunk was accepted and waits for its sync. */
export function addPending(trace: LiveTrace<unknown>, chunk: LiveChunk): void {
  trace.pending.push(chunk);
  if (trace.logKeys) for (const key of chunk.logKeys) trace.logKeys.add(key);
  else if (count(trace, ({ logKeys }) => logKeys.length) > MAX_SEARCHED_LOGS) {
    trace.logKeys = new Set([...trace.chunks, ...trace.pending].flatMap(({ logKeys }) => logKeys));
  }
  if (trace.owners) learnOwners(trace.owners, chunk);
  else if (count(trace, ({ spans }) => spans) > MAX_SEARCHED_SPANS) {
    trace.owners = new Map();
    for (const known of [...trace.chunks, ...trace.pending]) learnOwners(trace.owners, known);
  }
}

/** A chunk could not be made durable. */
export function removePending(trace: LiveTrace<unknown>, chunk: LiveChunk): void {
  trace.pending.splice(trace.pending.indexOf(chunk), 1);
  for (const key of chunk.logKeys) trace.logKeys?.delete(key);
  if (trace.owners) for (const { span } of decodeChunk(chunk, trace.traceId).spans) trace.owners.delete(span.spanId);
}

/** Forgets what lay in blocks that are gone: the trace is what is left of it in memory. */
export function forgetHome(trace: LiveTrace<unknown>): void {
  trace.home = undefined;
  trace.stored = undefined;
  trace.owners = undefined;
  trace.logKeys = undefined;
  trace.state = emptySummary(trace.traceId);
  for (const chunk of trace.chunks) mergeSummary(trace.state, chunk.state);
  for (const chunk of trace.pending.splice(0)) addPending(trace, chunk);
}

function count(trace: LiveTrace<unknown>, of: (chunk: LiveChunk) => number): number {
  let sum = 0;
  for (const chunk of trace.chunks) sum += of(chunk);
  for (const chunk of trace.pending) sum += of(chunk);
  return sum;
}

function learnOwners(owners: Map<SpanId, Trust>, chunk: LiveChunk): void {
  const trust = chunkTrust(chunk);
  for (let at = 0; at < chunk.spans * 8; at += 8) owners.set(chunk.ids.toString('hex', at, at + 8), trust);
}

/** A chunk of the trace is durable: it counts for what is known of the trace. */
export function addState(trace: LiveTrace<unknown>, chunk: LiveChunk): void {
  const [first] = trace.chunks;
  // Most traces are of one chunk: they need no state of their own.
  if (!first && !trace.stored) trace.state = chunk.state;
  else {
    if (trace.state === first?.state) trace.state = copySummary(trace.state);
    mergeSummary(trace.state, chunk.state);
  }
}

/** Of what lay in blocks before and of chunks that lie there now. */
export function stateInBlocks({ traceId, stored }: LiveTrace<unknown>, chunks: readonly LiveChunk[]): SummaryState {
  const state = stored ? copySummary(stored) : emptySummary(traceId);
  for (const chunk of chunks) mergeSummary(state, chunk.state);
  return state;
}

/** What a chunk's content adds to its trace and to the statistics. */
export function summarize(
  traceId: TraceId | '',
  content: Pick<ChunkContent, 'spans' | 'logs'>,
  receivedAtMs: number,
): { state: SummaryState; requests: Measurement[]; hashes: Uint32Array } {
  const state = emptySummary(traceId);
  state.updatedMs = Math.round(receivedAtMs);
  const requests: Measurement[] = [];
  const hashes = new Set<number>();
  const resources = new Set<ResourceRecord>();
  for (const record of content.spans) {
    addSpan(state, record);
    resources.add(record.resource);
    addAttributeHashes(hashes, record.span.attributes);
    const request = requestOf(record);
    if (request) requests.push(request);
  }
  for (const record of content.logs) {
    addLog(state, record);
    resources.add(record.resource);
    addAttributeHashes(hashes, record.log.attributes);
  }
  for (const { attributes } of resources) addAttributeHashes(hashes, attributes);
  return { state, requests, hashes: Uint32Array.from(hashes) };
}
