import type { OtlpKeyValue, OtlpLogRecord } from '../../../src/wire/otlp.ts';
import {
  HAS_BODY,
  HAS_DROPPED,
  HAS_ENVELOPE,
  HAS_EVENT_NAME,
  HAS_FLAGS,
  HAS_OBSERVED,
  HAS_SEVERITY,
  HAS_TIME,
} from '../encoding/log.ts';
import { writeTimeParts } from '../encoding/time.ts';
import { writeValue, writeWord } from '../encoding/value.ts';
import { addLog } from '../summarize-records.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import type { PackedGroup } from './packed-envelope.ts';
import { toNanos } from './record-time.ts';
import type { ScannedRecord } from './scanned-record.ts';
import { UNUSUAL } from './unusual.ts';

/** Writes a log record into the chunk of its trace, as `writeLog` does, and takes it into the summary. */
export function packLog(builder: ChunkBuilder, record: ScannedRecord, group: PackedGroup): void {
  const { body } = builder;
  const told = summarize(builder, record, group);
  builder.logs += 1;
  const changes = builder.changesEnvelope(group);
  const hasSeverity = record.severityNumber !== 0 || record.severityText !== '';
  const hasTime = record.startSeconds !== 0 || record.startNanos !== 0;
  const hasObserved = record.endSeconds !== 0 || record.endNanos !== 0;
  body.varint(
    (told.eventName ? HAS_EVENT_NAME : 0) |
      (hasTime ? HAS_TIME : 0) |
      (hasObserved ? HAS_OBSERVED : 0) |
      (hasSeverity ? HAS_SEVERITY : 0) |
      (changes ? HAS_ENVELOPE : 0) |
      (record.body ? HAS_BODY : 0) |
      (record.flags ? HAS_FLAGS : 0) |
      (record.dropped ? HAS_DROPPED : 0),
  );
  if (changes) builder.writeEnvelope();
  if (told.eventName) writeWord(body, told.eventName);
  builder.writeReference(record.span0, record.span1);
  if (hasTime) writeTimeParts(body, builder.base, record.startSeconds, record.startNanos);
  if (hasObserved) writeTimeParts(body, builder.base, record.endSeconds, record.endNanos);
  if (hasSeverity) {
    body.varint(record.severityNumber);
    writeWord(body, record.severityText);
  }
  if (record.body) {
    builder.filter.value(record.body);
    writeValue(body, record.body);
  }
  if (record.flags) body.varint(record.flags);
  builder.attributes.write(body, record);
  if (record.dropped) body.varint(record.dropped);
}

function summarize(builder: ChunkBuilder, record: ScannedRecord, { resource, scope }: PackedGroup): OtlpLogRecord {
  const attributes: OtlpKeyValue[] = [];
  let logKey: string | undefined;
  for (let i = 0; i < record.toldCount; i += 1) {
    const place = record.told[i] as number;
    const attribute = builder.attributes.attribute(record, place);
    attributes.push(attribute);
    if (record.keys[place]?.isEventId) logKey ??= attribute.value?.stringValue;
  }
  // Without an event id a record is known again by all of its content, which the general way puts together.
  if (!logKey || builder.logKeys.has(logKey)) throw UNUSUAL;
  builder.logKeys.add(logKey);
  const eventName =
    record.nameStart < 0 ? record.nameText : record.bytes.toString('utf8', record.nameStart, record.nameEnd);
  const log: OtlpLogRecord = { eventName, attributes };
  const time = toNanos(record.startSeconds, record.startNanos);
  if (time === '0') log.observedTimeUnixNano = toNanos(record.endSeconds, record.endNanos);
  else log.timeUnixNano = time;
  addLog(builder.state, { resource: resource.record, scope: scope.record, log });
  return log;
}
