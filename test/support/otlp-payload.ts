import { createSpanId, createTraceId } from '../../src/wire/ids.ts';
import { encodeAttributes, type OtlpLogRecord, type OtlpPayload, type OtlpSpan } from '../../src/wire/otlp.ts';
import { msToUnixNano } from '../../src/wire/time.ts';

export interface PayloadOptions {
  service?: string;
  resource?: Record<string, string | number | boolean>;
  sentAt?: number;
}

/** A valid span that started just now. */
export function makeSpan(fields: Partial<OtlpSpan> = {}): OtlpSpan {
  const startMs = Date.now() - 50;
  return {
    traceId: createTraceId(),
    spanId: createSpanId(),
    name: 'GET /products/{id}',
    kind: 2,
    startTimeUnixNano: msToUnixNano(startMs),
    endTimeUnixNano: msToUnixNano(startMs + 12.5),
    ...fields,
  };
}

export function makeLog(fields: Partial<OtlpLogRecord> = {}): OtlpLogRecord {
  return { timeUnixNano: msToUnixNano(Date.now()), ...fields };
}

/** One request around spans and log records of one service. */
export function makePayload(
  records: { spans?: unknown[]; logs?: unknown[] },
  { service = 'shop-web', resource: more = {}, sentAt }: PayloadOptions = {},
): OtlpPayload & { sentAt?: number } {
  const resource = { attributes: encodeAttributes({ 'service.name': service, ...more }) };
  const scope = { name: 'test' };
  return {
    ...(records.spans
      ? { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: records.spans as OtlpSpan[] }] }] }
      : {}),
    ...(records.logs
      ? { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: records.logs as OtlpLogRecord[] }] }] }
      : {}),
    ...(sentAt === undefined ? {} : { sentAt }),
  };
}
