import type { RejectReason } from '../../src/wire/loss.ts';
import type { ForwardCounts } from './forward/forwarder.ts';
import type { ScrubCounts } from './ingest/scrub-records.ts';

/**
 * What came in since the process started. Every record that was read ends in exactly one place:
 * received = stored + duplicate + rejected, for spans and log records together.
 */
export interface IngestCounters {
  requests: number;
  /** Requests answered with an error, by status; what was in them was not read or not kept. */
  refusedRequests: Record<string, number>;
  receivedBytes: number;
  receivedSpans: number;
  receivedLogs: number;
  storedSpans: number;
  storedLogs: number;
  duplicateSpans: number;
  duplicateLogs: number;
  rejected: Partial<Record<RejectReason, number>>;
  /** Values that held a secret or personal data, by the rule that found it. */
  scrubbed: ScrubCounts;
  /** Present when what is stored is forwarded as well. */
  forward?: ForwardCounts;
}

export function createCounters(): IngestCounters {
  return {
    requests: 0,
    refusedRequests: {},
    receivedBytes: 0,
    receivedSpans: 0,
    receivedLogs: 0,
    storedSpans: 0,
    storedLogs: 0,
    duplicateSpans: 0,
    duplicateLogs: 0,
    rejected: {},
    scrubbed: {},
  };
}

export function countRejected(counters: IngestCounters, rejected: ReadonlyMap<RejectReason, number>): void {
  for (const [reason, count] of rejected) counters.rejected[reason] = (counters.rejected[reason] ?? 0) + count;
}
