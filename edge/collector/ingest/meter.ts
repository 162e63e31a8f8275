import { MAX_PUBLIC_RECORDS } from '../../../src/wire/limits.ts';
import type { DecodedRequest } from '../../otlp/decoded-request.ts';
import type { IngestContext } from './accept.ts';
import type { IngestRequest } from './ingest-request.ts';
import type { Usage } from './rate-limiter.ts';
import type { Sender } from './sender.ts';

/** What one request uses of its sender's rate. */
export interface Meter {
  used: Usage;
  /** To be called once however the request ended: what was refused halfway was work as well. */
  stop(): void;
}

/** A body that does not say its length is taken for one of this size. */
const EXPECTED_BYTES = 64 * 1024;
const EXPECTED_BYTES_PER_RECORD = 800;

/**
 * Starts metering a request; trusted senders are not limited.
 * @throws {Refusal} 429
 */
export function startMeter(request: IngestRequest, context: IngestContext, sender: Sender): Meter {
  const used = { bytes: 0, records: 0 };
  if (sender.trust === 'trusted') return { used, stop: () => undefined };
  const limited = { keyId: sender.keyId, address: request.address() };
  const bytes = Number(request.header('content-length') ?? EXPECTED_BYTES) || 0;
  const expected = { bytes, records: Math.ceil(bytes / EXPECTED_BYTES_PER_RECORD) };
  context.limiter.admit(limited, expected);
  return { used, stop: () => context.limiter.settle(limited, expected, used) };
}

/** Records over the limit of a request cost nothing to skip: one such request must not use up a key's rate for others. */
export function recordsIn(request: DecodedRequest): number {
  const records = request.spans.length + request.logs.length + request.rejectedSpans + request.rejectedLogs;
  return Math.min(records, MAX_PUBLIC_RECORDS);
}
