import type { RejectReason } from '../../src/wire/loss.ts';
import type { OtlpKeyValue, OtlpLogRecord } from '../../src/wire/otlp.ts';
import { type ProtobufReader, WIRE } from './protobuf-reader.ts';
import { readAnyValue, readKeyValue } from './protobuf-value.ts';

/** A `LogRecord` message between the cursor and `end`, in canonical form, or why it cannot be one. */
export function readLogRecord(reader: ProtobufReader, end: number): OtlpLogRecord | RejectReason {
  const log: OtlpLogRecord = {};
  let time = '0';
  let observed = '0';
  let traceId = '';
  let spanId = '';
  const attributes: OtlpKeyValue[] = [];
  while (reader.position < end) {
    const tag = reader.varint(end);
    switch (tag) {
      case (1 << 3) | WIRE.fixed64:
        time = reader.unixNano(end);
        break;
      case (2 << 3) | WIRE.varint: {
        const severity = reader.varint(end);
        if (severity) log.severityNumber = severity > 24 ? 0 : severity;
        break;
      }
      case (3 << 3) | WIRE.bytes:
        setText(log, 'severityText', reader.text(end));
        break;
      case (5 << 3) | WIRE.bytes:
        log.body = readAnyValue(reader, end, 0);
        break;
      case (6 << 3) | WIRE.bytes:
        attributes.push(readKeyValue(reader, end));
        break;
      case (7 << 3) | WIRE.varint: {
        const dropped = reader.varint(end);
        if (dropped) log.droppedAttributesCount = dropped;
        break;
      }
      case (8 << 3) | WIRE.fixed32: {
        const flags = reader.fixed32(end);
        if (flags) log.flags = flags;
        break;
      }
      // Ids that are no ids only take the record out of its trace (logs.proto, LogRecord.trace_id).
      case (9 << 3) | WIRE.bytes:
        traceId = reader.id(end, 16) ?? '';
        break;
      case (10 << 3) | WIRE.bytes:
        spanId = reader.id(end, 8) ?? '';
        break;
      case (11 << 3) | WIRE.fixed64:
        observed = reader.unixNano(end);
        break;
      case (12 << 3) | WIRE.bytes:
        setText(log, 'eventName', reader.text(end));
        break;
      default:
        reader.skip(tag & 7, end);
    }
  }
  if (time === '0' && observed === '0') return 'invalid_time';
  if (time !== '0') log.timeUnixNano = time;
  if (observed !== '0') log.observedTimeUnixNano = observed;
  if (attributes.length > 0) log.attributes = attributes;
  if (traceId) log.traceId = traceId;
  if (traceId && spanId) log.spanId = spanId;
  return log;
}

function setText(log: OtlpLogRecord, field: 'severityText' | 'eventName', text: string): void {
  if (text) log[field] = text;
}
