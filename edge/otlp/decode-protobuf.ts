import type { RejectReason } from '../../src/wire/loss.ts';
import {
  createDecodedRequest,
  type DecodedRequest,
  type DecodeLimits,
  MalformedBodyError,
  rejectLog,
  rejectSpan,
} from './decoded-request.ts';
import { readLogRecord } from './protobuf-log.ts';
import { ProtobufReader, WIRE } from './protobuf-reader.ts';
import { readSpan } from './protobuf-span.ts';
import { readKeyValue } from './protobuf-value.ts';
import type { ResourceRecord, ScopeRecord } from './records.ts';

/**
 * Decodes an `ExportTraceServiceRequest`. A span that breaks the schema is counted in `rejected`, the others stay.
 * @throws {MalformedBodyError} when the messages around the spans are no protobuf, or a length goes beyond its message.
 */
export function decodeTracesProtobuf(body: Uint8Array, limits: DecodeLimits = {}): DecodedRequest {
  const request = createDecodedRequest();
  request.hasEnvelope = true;
  const maxRecords = limits.maxRecords ?? Number.POSITIVE_INFINITY;
  readEnvelopes(body, (reader, end, resource, scope) => {
    const span =
      request.spans.length + request.rejectedSpans < maxRecords
        ? readWhole(reader, end, readSpan)
        : skipTo<'too_many'>(reader, end, 'too_many');
    if (typeof span === 'string') rejectSpan(request, span);
    else request.spans.push({ resource, scope, span });
  });
  return request;
}

/** Decodes an `ExportLogsServiceRequest`, like `decodeTracesProtobuf`. */
export function decodeLogsProtobuf(body: Uint8Array, limits: DecodeLimits = {}): DecodedRequest {
  const request = createDecodedRequest();
  request.hasEnvelope = true;
  const maxRecords = limits.maxRecords ?? Number.POSITIVE_INFINITY;
  readEnvelopes(body, (reader, end, resource, scope) => {
    const log =
      request.logs.length + request.rejectedLogs < maxRecords
        ? readWhole(reader, end, readLogRecord)
        : skipTo<'too_many'>(reader, end, 'too_many');
    if (typeof log === 'string') rejectLog(request, log);
    else request.logs.push({ resource, scope, log });
  });
  return request;
}

function skipTo<R extends RejectReason>(reader: ProtobufReader, end: number, reason: R): R {
  reader.position = end;
  return reason;
}

// A record's own length was read already, so whatever is wrong inside it, the next one starts at `end`.
function readWhole<T>(
  reader: ProtobufReader,
  end: number,
  read: (reader: ProtobufReader, end: number) => T | RejectReason,
): T | RejectReason {
  try {
    return read(reader, end);
  } catch (error) {
    if (!(error instanceof MalformedBodyError)) throw error;
    return skipTo(reader, end, 'invalid_shape');
  }
}

type OnRecord = (reader: ProtobufReader, end: number, resource: ResourceRecord, scope: ScopeRecord) => void;

// Traces and logs have the same envelopes with the same field numbers. Protobuf fields come in any order, so what a
// group holds is walked after its resource or scope has been read.
function readEnvelopes(body: Uint8Array, onRecord: OnRecord): void {
  const reader = new ProtobufReader(body);
  while (reader.position < body.length) {
    const tag = reader.varint(body.length);
    if (tag === ((1 << 3) | WIRE.bytes)) readResourceGroup(reader, reader.lengthEnd(body.length), onRecord);
    else reader.skip(tag & 7, body.length);
  }
}

function readResourceGroup(reader: ProtobufReader, end: number, onRecord: OnRecord): void {
  const resource: ResourceRecord = { attributes: [] };
  const groups: number[] = [];
  while (reader.position < end) {
    const tag = reader.varint(end);
    if (tag === ((1 << 3) | WIRE.bytes)) readResource(reader, end, resource);
    else if (tag === ((2 << 3) | WIRE.bytes)) {
      const stop = reader.lengthEnd(end);
      groups.push(reader.position, stop);
      reader.position = stop;
    } else if (tag === ((3 << 3) | WIRE.bytes)) {
      const schemaUrl = reader.text(end);
      if (schemaUrl) resource.schemaUrl = schemaUrl;
    } else reader.skip(tag & 7, end);
  }
  for (let i = 0; i < groups.length; i += 2) {
    reader.position = groups[i] as number;
    readScopeGroup(reader, groups[i + 1] as number, resource, onRecord);
  }
  reader.position = end;
}

export function readResource(reader: ProtobufReader, end: number, resource: ResourceRecord): void {
  const stop = reader.lengthEnd(end);
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.bytes)) resource.attributes.push(readKeyValue(reader, stop));
    else if (tag === ((2 << 3) | WIRE.varint)) {
      const dropped = reader.varint(stop);
      if (dropped) resource.droppedAttributesCount = dropped;
    } else reader.skip(tag & 7, stop);
  }
}

function readScopeGroup(reader: ProtobufReader, end: number, resource: ResourceRecord, onRecord: OnRecord): void {
  const scope: ScopeRecord = { name: '' };
  const records: number[] = [];
  while (reader.position < end) {
    const tag = reader.varint(end);
    if (tag === ((1 << 3) | WIRE.bytes)) readScope(reader, end, scope);
    else if (tag === ((2 << 3) | WIRE.bytes)) {
      const stop = reader.lengthEnd(end);
      records.push(reader.position, stop);
      reader.position = stop;
    } else if (tag === ((3 << 3) | WIRE.bytes)) {
      const schemaUrl = reader.text(end);
      if (schemaUrl) scope.schemaUrl = schemaUrl;
    } else reader.skip(tag & 7, end);
  }
  for (let i = 0; i < records.length; i += 2) {
    reader.position = records[i] as number;
    onRecord(reader, records[i + 1] as number, resource, scope);
  }
  reader.position = end;
}

export function readScope(reader: ProtobufReader, end: number, scope: ScopeRecord): void {
  const stop = reader.lengthEnd(end);
  while (reader.position < stop) {
    const tag = reader.varint(stop);
    if (tag === ((1 << 3) | WIRE.bytes)) scope.name = reader.text(stop);
    else if (tag === ((2 << 3) | WIRE.bytes)) {
      const version = reader.text(stop);
      if (version) scope.version = version;
    } else if (tag === ((3 << 3) | WIRE.bytes)) {
      const attribute = readKeyValue(reader, stop);
      if (scope.attributes) scope.attributes.push(attribute);
      else scope.attributes = [attribute];
    } else if (tag === ((4 << 3) | WIRE.varint)) {
      const dropped = reader.varint(stop);
      if (dropped) scope.droppedAttributesCount = dropped;
    } else reader.skip(tag & 7, stop);
  }
}
