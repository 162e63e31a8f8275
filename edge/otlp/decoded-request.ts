import type { RejectReason } from '../../src/wire/loss.ts';
import type { LogRecord, SpanRecord } from './records.ts';

/** The body is not an OTLP request at all; nothing of it can be kept. The message is fit for the sender. */
export class MalformedBodyError extends Error {
  override readonly name = 'MalformedBodyError';
}

/** What a request held: what is fit to store, and how much was refused and why. */
export interface DecodedRequest {
  spans: SpanRecord[];
  logs: LogRecord[];
  rejected: Map<RejectReason, number>;
  rejectedSpans: number;
  rejectedLogs: number;
  /** The sender's clock when it sent the batch, epoch ms; only agents say it. */
  sentAtMs?: number;
  /** False when the body had neither `resourceSpans` nor `resourceLogs`: legal and empty, but rarely meant. */
  hasEnvelope: boolean;
}

/** How many spans and log records one request may hold; more are rejected as `too_many`. */
export interface DecodeLimits {
  maxRecords?: number;
}

export function createDecodedRequest(): DecodedRequest {
  return { spans: [], logs: [], rejected: new Map(), rejectedSpans: 0, rejectedLogs: 0, hasEnvelope: false };
}

export function rejectSpan(request: DecodedRequest, reason: RejectReason): void {
  request.rejectedSpans += 1;
  request.rejected.set(reason, (request.rejected.get(reason) ?? 0) + 1);
}

export function rejectLog(request: DecodedRequest, reason: RejectReason): void {
  request.rejectedLogs += 1;
  request.rejected.set(reason, (request.rejected.get(reason) ?? 0) + 1);
}

const WHAT_TO_DO: Record<RejectReason, string> = {
  invalid_id: 'traceId must be 32 hex digits and spanId 16, not all zero',
  invalid_time: 'a span needs startTimeUnixNano and endTimeUnixNano with end >= start, a log record one of its times',
  invalid_shape: 'a field has a type OTLP does not give it, or an attribute is nested too deep',
  service_not_allowed: 'this key may not write that service.name; see "services" in keys.json',
  too_many: 'send smaller batches',
  conflict: 'a span with these ids is stored with another content; the first version stays',
};

/** One English sentence for `partialSuccess.errorMessage`; '' when nothing was rejected. */
export function describeRejections(rejected: ReadonlyMap<RejectReason, number>): string {
  const parts: string[] = [];
  for (const [reason, count] of rejected) parts.push(`${count} ${reason} (${WHAT_TO_DO[reason]})`);
  return parts.length === 0 ? '' : `Rejected: ${parts.join('; ')}.`;
}
