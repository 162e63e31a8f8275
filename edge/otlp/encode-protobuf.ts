import type { OtlpAnyValue, OtlpKeyValue, OtlpLogRecord, OtlpSpan } from '../../src/wire/otlp.ts';
import { decodeBase64 } from './base64.ts';
import { groupRecords } from './group-records.ts';
import { WIRE } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { LogRecord, ResourceRecord, ScopeRecord, SpanRecord } from './records.ts';

/** An `ExportTraceServiceRequest` (the same bytes as `TracesData`); spans that share a resource and scope are grouped. */
export function encodeTracesProtobuf(records: readonly SpanRecord[]): Uint8Array {
  return encodeRecords(records, ({ span }, writer) => writeSpan(writer, span));
}

/** An `ExportLogsServiceRequest` (the same bytes as `LogsData`), grouped likewise. */
export function encodeLogsProtobuf(records: readonly LogRecord[]): Uint8Array {
  return encodeRecords(records, ({ log }, writer) => writeLogRecord(writer, log));
}

function encodeRecords<T extends { resource: ResourceRecord; scope: ScopeRecord }>(
  records: readonly T[],
  write: (record: T, writer: ProtobufWriter) => void,
): Uint8Array {
  const writer = new ProtobufWriter(256 + records.length * 512);
  for (const [resource, scopes] of groupRecords(records)) {
    writer.varint((1 << 3) | WIRE.bytes);
    const group = writer.begin(0x4000);
    writeResource(writer, resource);
    for (const [scope, members] of scopes) {
      writer.varint((2 << 3) | WIRE.bytes);
      const scopeGroup = writer.begin(0x4000);
      writeScope(writer, scope);
      for (const record of members) {
        writer.varint((2 << 3) | WIRE.bytes);
        const message = writer.begin(0x100);
        write(record, writer);
        writer.end(message);
      }
      if (scope.schemaUrl) writer.text((3 << 3) | WIRE.bytes, scope.schemaUrl);
      writer.end(scopeGroup);
    }
    if (resource.schemaUrl) writer.text((3 << 3) | WIRE.bytes, resource.schemaUrl);
    writer.end(group);
  }
  return writer.finish();
}

function writeResource(writer: ProtobufWriter, resource: ResourceRecord): void {
  writer.varint((1 << 3) | WIRE.bytes);
  const message = writer.begin(0x100);
  writeKeyValues(writer, 1, resource.attributes);
  writeCount(writer, 2, resource.droppedAttributesCount);
  writer.end(message);
}

function writeScope(writer: ProtobufWriter, scope: ScopeRecord): void {
  writer.varint((1 << 3) | WIRE.bytes);
  const message = writer.begin(0x20);
  writeText(writer, 1, scope.name);
  writeText(writer, 2, scope.version);
  writeKeyValues(writer, 3, scope.attributes);
  writeCount(writer, 4, scope.droppedAttributesCount);
  writer.end(message);
}

/** The fields of a `Span` message, without its length. */
export function writeSpan(writer: ProtobufWriter, span: OtlpSpan): void {
  writer.id((1 << 3) | WIRE.bytes, span.traceId);
  writer.id((2 << 3) | WIRE.bytes, span.spanId);
  writeText(writer, 3, span.traceState);
  if (span.parentSpanId) writer.id((4 << 3) | WIRE.bytes, span.parentSpanId);
  writeText(writer, 5, span.name);
  writeCount(writer, 6, span.kind);
  writer.unixNano((7 << 3) | WIRE.fixed64, span.startTimeUnixNano);
  writer.unixNano((8 << 3) | WIRE.fixed64, span.endTimeUnixNano);
  writeKeyValues(writer, 9, span.attributes);
  writeCount(writer, 10, span.droppedAttributesCount);
  for (const event of span.events ?? []) {
    writer.varint((11 << 3) | WIRE.bytes);
    const message = writer.begin(0x20);
    writeTime(writer, 1, event.timeUnixNano);
    writeText(writer, 2, event.name);
    writeKeyValues(writer, 3, event.attributes);
    writeCount(writer, 4, event.droppedAttributesCount);
    writer.end(message);
  }
  writeCount(writer, 12, span.droppedEventsCount);
  for (const link of span.links ?? []) {
    writer.varint((13 << 3) | WIRE.bytes);
    const message = writer.begin(0x20);
    writer.id((1 << 3) | WIRE.bytes, link.traceId);
    writer.id((2 << 3) | WIRE.bytes, link.spanId);
    writeText(writer, 3, link.traceState);
    writeKeyValues(writer, 4, link.attributes);
    writeCount(writer, 5, link.droppedAttributesCount);
    if (link.flags) writer.fixed32((6 << 3) | WIRE.fixed32, link.flags);
    writer.end(message);
  }
  writeCount(writer, 14, span.droppedLinksCount);
  if (span.status) {
    writer.varint((15 << 3) | WIRE.bytes);
    const message = writer.begin(0x10);
    writeText(writer, 2, span.status.message);
    writeCount(writer, 3, span.status.code);
    writer.end(message);
  }
  if (span.flags) writer.fixed32((16 << 3) | WIRE.fixed32, span.flags);
}

/** The fields of a `LogRecord` message, without its length. */
export function writeLogRecord(writer: ProtobufWriter, log: OtlpLogRecord): void {
  writeTime(writer, 1, log.timeUnixNano);
  writeCount(writer, 2, log.severityNumber);
  writeText(writer, 3, log.severityText);
  if (log.body) writeAnyValue(writer, 5, log.body);
  writeKeyValues(writer, 6, log.attributes);
  writeCount(writer, 7, log.droppedAttributesCount);
  if (log.flags) writer.fixed32((8 << 3) | WIRE.fixed32, log.flags);
  if (log.traceId) writer.id((9 << 3) | WIRE.bytes, log.traceId);
  if (log.spanId) writer.id((10 << 3) | WIRE.bytes, log.spanId);
  writeTime(writer, 11, log.observedTimeUnixNano);
  writeText(writer, 12, log.eventName);
}

function writeText(writer: ProtobufWriter, field: number, text: string | undefined): void {
  if (text) writer.text((field << 3) | WIRE.bytes, text);
}

function writeCount(writer: ProtobufWriter, field: number, count: number | undefined): void {
  if (!count) return;
  writer.varint((field << 3) | WIRE.varint);
  writer.varint(count);
}

function writeTime(writer: ProtobufWriter, field: number, nanos: string | undefined): void {
  if (nanos && nanos !== '0') writer.unixNano((field << 3) | WIRE.fixed64, nanos);
}

function writeKeyValues(writer: ProtobufWriter, field: number, values: readonly OtlpKeyValue[] | undefined): void {
  if (values === undefined) return;
  for (const { key, value } of values) {
    writer.varint((field << 3) | WIRE.bytes);
    const message = writer.begin(0x20);
    if (key) writer.text((1 << 3) | WIRE.bytes, key);
    writeAnyValue(writer, 2, value ?? {});
    writer.end(message);
  }
}

// Recursion is bounded: records hold no value nested deeper than MAX_VALUE_DEPTH.
function writeAnyValue(writer: ProtobufWriter, field: number, value: OtlpAnyValue): void {
  writer.varint((field << 3) | WIRE.bytes);
  const message = writer.begin(0x20);
  if (value.stringValue !== undefined) writer.text((1 << 3) | WIRE.bytes, value.stringValue);
  else if (value.boolValue !== undefined) {
    writer.varint((2 << 3) | WIRE.varint);
    writer.varint(value.boolValue ? 1 : 0);
  } else if (value.intValue !== undefined) {
    writer.varint((3 << 3) | WIRE.varint);
    writer.int64(String(value.intValue));
  } else if (value.doubleValue !== undefined && value.doubleValue !== null)
    writer.double((4 << 3) | WIRE.fixed64, Number(value.doubleValue));
  else if (value.arrayValue !== undefined) {
    writer.varint((5 << 3) | WIRE.bytes);
    const array = writer.begin(0x20);
    for (const item of value.arrayValue.values ?? []) writeAnyValue(writer, 1, item);
    writer.end(array);
  } else if (value.kvlistValue !== undefined) {
    writer.varint((6 << 3) | WIRE.bytes);
    const list = writer.begin(0x20);
    writeKeyValues(writer, 1, value.kvlistValue.values);
    writer.end(list);
  } else if (value.bytesValue !== undefined)
    writer.blob((7 << 3) | WIRE.bytes, decodeBase64(value.bytesValue) ?? new Uint8Array());
  writer.end(message);
}
