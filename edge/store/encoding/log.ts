import type { TraceId } from '../../../src/wire/ids.ts';
import type { OtlpLogRecord } from '../../../src/wire/otlp.ts';
import {
  type EnvelopePlace,
  NO_ATTRIBUTES,
  type ReadContext,
  readEnvelopePlace,
  type WriteContext,
  writeEnvelopePlace,
} from './span.ts';
import { readReference, writeReference } from './span-reference.ts';
import { readTime, writeTime } from './time.ts';
import { readValue, readWord, writeValue, writeWord } from './value.ts';

export const HAS_EVENT_NAME = 1 << 0;
export const HAS_TIME = 1 << 1;
export const HAS_OBSERVED = 1 << 2;
export const HAS_SEVERITY = 1 << 3;
export const HAS_ENVELOPE = 1 << 4;
export const HAS_BODY = 1 << 5;
export const HAS_FLAGS = 1 << 6;
export const HAS_DROPPED = 1 << 7;

/** Everything of a log record but its trace id. */
export function writeLog(context: WriteContext, log: OtlpLogRecord, envelope: EnvelopePlace | undefined): void {
  const { body, ids, base, ordinals, shapes } = context;
  const head =
    (log.eventName ? HAS_EVENT_NAME : 0) |
    (log.timeUnixNano === undefined ? 0 : HAS_TIME) |
    (log.observedTimeUnixNano === undefined ? 0 : HAS_OBSERVED) |
    (log.severityNumber || log.severityText ? HAS_SEVERITY : 0) |
    (envelope ? HAS_ENVELOPE : 0) |
    (log.body === undefined ? 0 : HAS_BODY) |
    (log.flags ? HAS_FLAGS : 0) |
    (log.droppedAttributesCount ? HAS_DROPPED : 0);
  body.varint(head);
  if (envelope) writeEnvelopePlace(body, envelope);
  if (log.eventName) writeWord(body, log.eventName);
  writeReference(body, ids, ordinals, log.spanId);
  if (log.timeUnixNano !== undefined) writeTime(body, base, log.timeUnixNano);
  if (log.observedTimeUnixNano !== undefined) writeTime(body, base, log.observedTimeUnixNano);
  if (head & HAS_SEVERITY) {
    body.varint(log.severityNumber ?? 0);
    writeWord(body, log.severityText ?? '');
  }
  if (log.body !== undefined) writeValue(body, log.body);
  if (log.flags) body.varint(log.flags);
  shapes.write(body, log.attributes ?? NO_ATTRIBUTES);
  if (head & HAS_DROPPED) body.varint(log.droppedAttributesCount ?? 0);
}

/** Reads a log record of `traceId` ('' when it belongs to no trace). */
export function readLog(context: ReadContext, traceId: TraceId | ''): LogAndEnvelope {
  const { body, ids, base, spanIds, shapes } = context;
  const head = body.varint();
  const envelope = head & HAS_ENVELOPE ? readEnvelopePlace(body) : undefined;
  const log: OtlpLogRecord = {};
  if (traceId !== '') log.traceId = traceId;
  if (head & HAS_EVENT_NAME) log.eventName = readWord(body);
  const spanId = readReference(body, ids, spanIds);
  if (spanId !== undefined) log.spanId = spanId;
  if (head & HAS_TIME) log.timeUnixNano = readTime(body, base);
  if (head & HAS_OBSERVED) log.observedTimeUnixNano = readTime(body, base);
  if (head & HAS_SEVERITY) {
    const severityNumber = body.varint();
    if (severityNumber > 0) log.severityNumber = severityNumber;
    const severityText = readWord(body);
    if (severityText !== '') log.severityText = severityText;
  }
  if (head & HAS_BODY) log.body = readValue(body);
  if (head & HAS_FLAGS) log.flags = body.varint();
  const attributes = shapes.read(body);
  if (attributes.length > 0) log.attributes = attributes;
  if (head & HAS_DROPPED) log.droppedAttributesCount = body.varint();
  return { log, envelope };
}

export interface LogAndEnvelope {
  log: OtlpLogRecord;
  envelope: EnvelopePlace | undefined;
}
