import type { RejectReason } from '../../../src/wire/loss.ts';
import { type DecodedRequest, describeRejections } from '../../otlp/decoded-request.ts';
import { takesPacked, unpackBatch } from '../../store/packing/packed-batch.ts';
import type { TextFilter } from '../../store/packing/text-filter.ts';
import {
  type AcceptedBatch,
  type AppendResult,
  StoreUnavailableError,
  type TraceStore,
} from '../../store/trace-store.ts';
import { countRejected, type IngestCounters } from '../counters.ts';
import type { LedgerWrites } from '../ledger/ledger-access.ts';
import { readLedgers, takeLedgers } from '../ledger/take-ledgers.ts';
import type { PackedRequest, PackRequest } from './pack-request.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { Refusal } from './refusal.ts';
import { scrubRequest } from './scrub-records.ts';
import type { Sender } from './sender.ts';
import { stampRecords } from './stamp-records.ts';

/** What ingest needs of its surroundings. */
export interface IngestContext {
  store: TraceStore;
  counters: IngestCounters;
  /** What each key sent, and what the agents behind it say they made. */
  ledger: LedgerWrites;
  now: () => number;
  /** Takes secrets out of a request before anything is written. */
  filter: TextFilter;
  /** The short way of plainly valid requests, where the store has it. */
  pack: PackRequest | undefined;
  limiter: RateLimiter;
  /** Sends on what was stored, where the operator wants that. */
  forward: ((batch: AcceptedBatch) => void) | undefined;
  /** Called after every append that stored something. */
  onStored: () => void;
  /** Told of faults that are ours, for the operator. */
  report: (message: string) => void;
}

/** What of a request was refused, for the answer; all zero and '' when everything was kept. */
export interface Rejections {
  rejectedSpans: number;
  rejectedLogs: number;
  errorMessage: string;
}

const RETRY_AFTER_SECONDS = 5;

/**
 * Stores what of a decoded request its sender may write. Resolves when that is durable, so a 2xx may follow.
 * @throws {Refusal} 503 when the store cannot take it now; the sender keeps it and tries again.
 */
export async function accept(
  context: IngestContext,
  request: DecodedRequest,
  sender: Sender,
  batchId?: string,
): Promise<Rejections> {
  const { counters, ledger } = context;
  const { trust, keyId } = sender;
  const agents = takeLedgers(request);
  const received = {
    spans: request.spans.length + request.rejectedSpans,
    logs: request.logs.length + request.rejectedLogs,
  };
  const receivedAtMs = context.now();
  scrubRequest(request, context.filter);
  stampRecords(request, sender, receivedAtMs);
  const { spans, logs } = request;
  if (spans.length > 0 || logs.length > 0) {
    const batch = { receivedAtMs, trust, keyId, spans, logs };
    const result = await append(context, (store) =>
      store.append(batchId === undefined ? batch : { ...batch, batchId }),
    );
    countConflicts(request, result);
    countStored(context, result);
    // What was there before has been forwarded before.
    if (result.storedSpans + result.storedLogs > 0) context.forward?.(batch);
    ledger.count(keyId, {
      stored: result.storedSpans + result.storedLogs,
      duplicate: result.duplicateSpans + result.duplicateLogs,
    });
  }
  // Not before its batch is kept: an agent's report counts the records it came with as acknowledged.
  for (const agent of agents) ledger.hear(keyId, agent);
  ledger.count(keyId, { received: received.spans + received.logs, rejected: Object.fromEntries(request.rejected) });
  counters.receivedSpans += received.spans;
  counters.receivedLogs += received.logs;
  countRejected(counters, request.rejected);
  const errorMessage = describeRejections(request.rejected);
  return { rejectedSpans: request.rejectedSpans, rejectedLogs: request.rejectedLogs, errorMessage };
}

/** `accept` of a request that was packed. */
export async function acceptPacked(context: IngestContext, request: PackedRequest, keyId: string): Promise<Rejections> {
  const { counters, ledger } = context;
  const { batch, spans, logs } = request;
  const rejected = new Map<RejectReason, number>();
  let conflicting = 0;
  if (spans + logs > 0) {
    const result = await append(context, (store) =>
      takesPacked(store) ? store.appendPacked(batch) : store.append(unpackBatch(batch)),
    );
    conflicting = result.conflictingSpans;
    if (conflicting > 0) rejected.set('conflict', conflicting);
    countStored(context, result);
    if (context.forward && result.storedSpans + result.storedLogs > 0) context.forward(unpackBatch(batch));
    ledger.count(keyId, {
      stored: result.storedSpans + result.storedLogs,
      duplicate: result.duplicateSpans + result.duplicateLogs,
    });
  }
  for (const agent of readLedgers(request.ledgers)) ledger.hear(keyId, agent);
  ledger.count(keyId, { received: spans + logs, rejected: Object.fromEntries(rejected) });
  counters.receivedSpans += spans;
  counters.receivedLogs += logs;
  countRejected(counters, rejected);
  return { rejectedSpans: conflicting, rejectedLogs: 0, errorMessage: describeRejections(rejected) };
}

async function append(
  context: IngestContext,
  work: (store: TraceStore) => Promise<AppendResult>,
): Promise<AppendResult> {
  try {
    return await work(context.store);
  } catch (error) {
    // Only 503 makes a sender keep its batch, so a fault of ours is one as well.
    if (!(error instanceof StoreUnavailableError)) context.report(`append failed: ${String(error)}`);
    throw new Refusal(503, 'The collector cannot store anything right now: try again.', RETRY_AFTER_SECONDS);
  }
}

function countConflicts(request: DecodedRequest, { conflictingSpans }: AppendResult): void {
  if (conflictingSpans === 0) return;
  request.rejectedSpans += conflictingSpans;
  const reason: RejectReason = 'conflict';
  request.rejected.set(reason, (request.rejected.get(reason) ?? 0) + conflictingSpans);
}

function countStored({ counters, onStored }: IngestContext, result: AppendResult): void {
  counters.storedSpans += result.storedSpans;
  counters.storedLogs += result.storedLogs;
  counters.duplicateSpans += result.duplicateSpans;
  counters.duplicateLogs += result.duplicateLogs;
  if (result.storedSpans + result.storedLogs > 0) onStored();
}
