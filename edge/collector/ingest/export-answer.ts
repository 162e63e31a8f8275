import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import type { Refusal, RefusalStatus } from './refusal.ts';

export type Signal = 'traces' | 'logs' | 'metrics';
/** The two encodings of OTLP/HTTP; the answer always has the request's. */
export type Encoding = 'json' | 'protobuf';

export const CONTENT_TYPE: Record<Encoding, string> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
};

const REJECTED_KEY: Record<Signal, string> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

/**
 * An `Export…ServiceResponse`; `partial_success` stays unset when there is nothing to say.
 * @see https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
export function encodeExportAnswer(
  encoding: Encoding,
  signal: Signal,
  partial: { rejected: number; errorMessage: string },
): string | Uint8Array {
  const { rejected, errorMessage } = partial;
  if (encoding === 'json') {
    if (!errorMessage) return '{}';
    const rejectedField = rejected > 0 ? { [REJECTED_KEY[signal]]: String(rejected) } : {};
    return JSON.stringify({ partialSuccess: { ...rejectedField, errorMessage } });
  }
  const writer = new ProtobufWriter(64);
  if (!errorMessage) return writer.finish();
  writer.varint((1 << 3) | 2);
  const message = writer.begin(0x40);
  if (rejected > 0) {
    writer.varint(1 << 3);
    writer.varint(rejected);
  }
  writer.text((2 << 3) | 2, errorMessage);
  writer.end(message);
  return writer.finish();
}

// google.rpc.Code
const RPC_CODE: Record<RefusalStatus, number> = {
  400: 3,
  401: 16,
  403: 7,
  405: 12,
  413: 8,
  415: 3,
  429: 8,
  503: 14,
};

/** A `google.rpc.Status`, which OTLP/HTTP asks for with every 4xx and 5xx. */
export function encodeStatus(encoding: Encoding, { status, message }: Refusal): string | Uint8Array {
  const code = RPC_CODE[status];
  if (encoding === 'json') return JSON.stringify({ code, message });
  const writer = new ProtobufWriter(128);
  writer.varint(1 << 3);
  writer.varint(code);
  writer.text((2 << 3) | 2, message);
  return writer.finish();
}
