import type { RejectReason } from '../../src/wire/loss.ts';
import type { OtlpLogRecord } from '../../src/wire/otlp.ts';
import { parseSpanId, parseText, parseTraceId, parseUint32 } from './json-span.ts';
import { isJsonObject, parseAnyValue, parseKeyValues } from './json-value.ts';
import { parseUnixNano } from './unix-nano.ts';

/**
 * A log record in canonical form, or why it cannot be one. Unlike a span's, ids that are no ids only take the record out
 * of its trace.
 * @see opentelemetry-proto logs.proto, `LogRecord.trace_id`
 */
export function parseLogRecord(raw: unknown): OtlpLogRecord | RejectReason {
  if (!isJsonObject(raw)) return 'invalid_shape';
  const timeUnixNano = parseUnixNano(raw.timeUnixNano);
  const observedTimeUnixNano = parseUnixNano(raw.observedTimeUnixNano);
  if (timeUnixNano === undefined || observedTimeUnixNano === undefined) return 'invalid_time';
  if (timeUnixNano === '0' && observedTimeUnixNano === '0') return 'invalid_time';
  const severityNumber = parseUint32(raw.severityNumber);
  const severityText = parseText(raw.severityText);
  const eventName = parseText(raw.eventName);
  const body = parseAnyValue(raw.body, 0);
  const attributes = parseKeyValues(raw.attributes);
  const dropped = parseUint32(raw.droppedAttributesCount);
  const flags = parseUint32(raw.flags);
  if (severityNumber === undefined || severityText === undefined || eventName === undefined || body === undefined)
    return 'invalid_shape';
  if (attributes === undefined || dropped === undefined || flags === undefined) return 'invalid_shape';
  const log: OtlpLogRecord = {};
  if (timeUnixNano !== '0') log.timeUnixNano = timeUnixNano;
  if (observedTimeUnixNano !== '0') log.observedTimeUnixNano = observedTimeUnixNano;
  if (severityNumber) log.severityNumber = severityNumber > 24 ? 0 : severityNumber;
  if (severityText) log.severityText = severityText;
  if (eventName) log.eventName = eventName;
  if (raw.body !== undefined && raw.body !== null) log.body = body;
  if (attributes.length > 0) log.attributes = attributes;
  if (dropped) log.droppedAttributesCount = dropped;
  if (flags) log.flags = flags;
  const traceId = parseTraceId(raw.traceId);
  const spanId = parseSpanId(raw.spanId);
  if (traceId) log.traceId = traceId;
  if (traceId && spanId) log.spanId = spanId;
  return log;
}
