import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_MESSAGING_DEAD_LETTER_SOURCE,
  ATTR_MESSAGING_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_MESSAGING_KAFKA_OFFSET,
  ATTR_MESSAGING_MESSAGE_BODY_SIZE,
} from '../../src/wire/names.ts';
import type { Carrier } from './carrier.ts';
import { isRecord, readOwn, withFields } from './generic-carrier.ts';
import { readText } from './read-text.ts';

/** A message as `kafkajs` and Confluent's client take and give it; its key may name a person and is not read. */
export interface KafkaMessage {
  value?: unknown;
  headers?: unknown;
  offset?: unknown;
  timestamp?: unknown;
}

export const KAFKA = 'kafka';

export const kafkaCarrier: Carrier<KafkaMessage> = {
  read: (message, field) => readOwn(message?.headers, field),
  write(message, fields) {
    if (!isRecord(message)) return undefined;
    const headers = withFields(message.headers, fields);
    return headers && { ...message, headers };
  },
};

/** Where Kafka Connect and Spring say which topic a dead letter comes from; Kafka itself has none. */
const DEAD_LETTER_HEADERS = ['__connect.errors.topic', 'kafka_dlt-original-topic', 'kafka_original-topic'];

export function describeKafkaMessage(message: KafkaMessage): Attributes {
  const attributes: Attributes = {};
  const { value, offset } = message;
  if (value === null) attributes[ATTR_MESSAGING_KAFKA_MESSAGE_TOMBSTONE] = true;
  else if (value instanceof Uint8Array) attributes[ATTR_MESSAGING_MESSAGE_BODY_SIZE] = value.byteLength;
  if (offset !== undefined) attributes[ATTR_MESSAGING_KAFKA_OFFSET] = Number(offset);
  for (const header of DEAD_LETTER_HEADERS) {
    const topic = readText(readOwn(message.headers, header));
    if (topic) attributes[ATTR_MESSAGING_DEAD_LETTER_SOURCE] = topic;
  }
  return attributes;
}
