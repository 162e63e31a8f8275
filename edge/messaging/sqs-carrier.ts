import { parseTraceparent, TRACEPARENT } from '../../src/wire/traceparent.ts';
import type { Carrier } from './carrier.ts';
import type { ContextFields } from './context-fields.ts';
import { isRecord, readOwn } from './generic-carrier.ts';
import { readText } from './read-text.ts';
import { formatXrayHeader, parseXrayHeader } from './xray-header.ts';

/** What a message to send says besides its body. */
export interface SqsEntry {
  MessageBody?: unknown;
  MessageAttributes?: unknown;
  MessageSystemAttributes?: unknown;
}

/** SQS refuses a message with more attributes; ours must never be the eleventh. */
const MAX_ATTRIBUTES = 10;
/** What a message, and a batch as a whole, may have: 1 MiB, and 256 KiB where a queue keeps the limit of before 2025. */
const SIZE_LIMITS = [256 * 1024, 1024 * 1024];
/** The one system attribute a sender may set. It counts neither as an attribute nor towards the size. */
const XRAY = 'AWSTraceHeader';

/**
 * Context in message attributes. Where they have no room (ten are the most, and a message or batch must not grow over a
 * size limit that it kept), the span goes as X-Ray's header in a system attribute, which does not count.
 * @param entries all that goes in one call
 */
export function createSqsCarrier(entries: readonly SqsEntry[]): Carrier<SqsEntry> {
  let bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  return {
    read: (entry, field) => readAttribute(entry?.MessageAttributes, field),
    write(entry, fields) {
      if (!isRecord(entry)) return undefined;
      const own = isRecord(entry.MessageAttributes) ? entry.MessageAttributes : {};
      const added: Record<string, unknown> = {};
      let room = MAX_ATTRIBUTES - Object.keys(own).length;
      for (const [field, value] of fields) {
        const size = 2 * field.length + value.length;
        if (room <= 0 || crossesLimit(bytes, size)) break;
        room -= 1;
        bytes += size;
        added[field] = { DataType: 'String', StringValue: value };
      }
      if (Object.hasOwn(added, TRACEPARENT)) return { ...entry, MessageAttributes: { ...own, ...added } };
      return withXrayHeader(entry, fields);
    },
  };
}

function crossesLimit(bytes: number, more: number): boolean {
  return SIZE_LIMITS.some((limit) => bytes <= limit && bytes + more > limit);
}

/** A copy of `entry` with its span in the system attribute; `undefined` when it has one, or `fields` name no span. */
export function withXrayHeader(entry: SqsEntry, fields: ContextFields): SqsEntry | undefined {
  const own = isRecord(entry.MessageSystemAttributes) ? entry.MessageSystemAttributes : {};
  const parent = parseTraceparent(fields[0]?.[1]);
  if (!parent || Object.hasOwn(own, XRAY)) return undefined;
  const header = { DataType: 'String', StringValue: formatXrayHeader(parent) };
  return { ...entry, MessageSystemAttributes: { ...own, [XRAY]: header } };
}

const utf8 = new TextEncoder();

function sizeOf({ MessageBody: body, MessageAttributes: attributes }: SqsEntry): number {
  let size = byteLength(body);
  if (!isRecord(attributes)) return size;
  for (const [name, value] of Object.entries(attributes)) {
    if (!isRecord(value)) continue;
    size +=
      byteLength(name) + byteLength(value.DataType) + byteLength(value.StringValue) + byteLength(value.BinaryValue);
  }
  return size;
}

function byteLength(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  return typeof value === 'string' ? utf8.encode(value).byteLength : 0;
}

/** A received message: as the SDK gives it, or as a Lambda event record has it, in lower case. */
export interface SqsMessage {
  MessageAttributes?: unknown;
  messageAttributes?: unknown;
  Attributes?: unknown;
  attributes?: unknown;
  Body?: unknown;
  body?: unknown;
  MessageId?: unknown;
  messageId?: unknown;
}

export const sqsMessageCarrier: Pick<Carrier<SqsMessage>, 'read'> = {
  read(message, field) {
    const attribute = readAttribute(message?.MessageAttributes ?? message?.messageAttributes, field);
    if (attribute !== undefined) return attribute;
    if (field !== TRACEPARENT) return undefined;
    return parseXrayHeader(readText(readSystemAttribute(message, XRAY)));
  },
};

/** A value of `Attributes`, which SQS itself sets and a sender cannot. */
export function readSystemAttribute(message: SqsMessage, name: string): unknown {
  const attributes = message?.Attributes ?? message?.attributes;
  return isRecord(attributes) && Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}

function readAttribute(attributes: unknown, field: string): unknown {
  const attribute = readOwn(attributes, field);
  if (!isRecord(attribute)) return undefined;
  return attribute.StringValue ?? attribute.stringValue ?? attribute.BinaryValue ?? attribute.binaryValue;
}
