import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_MESSAGING_DEAD_LETTER_REASON,
  ATTR_MESSAGING_DEAD_LETTER_SOURCE,
  ATTR_MESSAGING_DELIVERY_ATTEMPT,
  ATTR_MESSAGING_MESSAGE_BODY_SIZE,
  ATTR_MESSAGING_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_MESSAGING_RABBITMQ_DELIVERY_TAG,
  ATTR_MESSAGING_RABBITMQ_ROUTING_KEY,
} from '../../src/wire/names.ts';
import type { Carrier } from './carrier.ts';
import { isRecord, readOwn, withFields } from './generic-carrier.ts';
import { readText } from './read-text.ts';

/** A delivered message, as far as tracing reads it. */
export interface AmqpMessage {
  content?: unknown;
  fields?: { deliveryTag?: unknown; redelivered?: unknown; exchange?: unknown; routingKey?: unknown };
  properties?: { headers?: unknown; messageId?: unknown; correlationId?: unknown };
}

export const RABBITMQ = 'rabbitmq';

/** Context in the headers table of a delivered message. */
export const amqpMessageCarrier: Pick<Carrier<AmqpMessage>, 'read'> = {
  read: (message, field) => readOwn(message?.properties?.headers, field),
};

/** What a publisher gives besides the content. */
export interface PublishOptions {
  headers?: unknown;
  messageId?: unknown;
  correlationId?: unknown;
}

export const amqpOptionsCarrier: Carrier<PublishOptions> = {
  read: (options, field) => readOwn(options?.headers, field),
  write(options, fields) {
    const headers = withFields(options.headers, fields);
    return headers && { ...options, headers };
  },
};

/** `{exchange}:{routing key}` for producers, with `:{queue}` for consumers; what is empty or said already is left out. */
export function amqpDestination(exchange: unknown, routingKey: unknown, queue?: unknown): string {
  const parts = [exchange, routingKey, queue === routingKey ? '' : queue].filter(
    (part): part is string => typeof part === 'string' && part !== '',
  );
  return parts.join(':') || 'amq.default';
}

export function describePublish(content: unknown, routingKey: unknown, options: PublishOptions): Attributes {
  const attributes = describeProperties(content, options);
  if (typeof routingKey === 'string' && routingKey) attributes[ATTR_MESSAGING_RABBITMQ_ROUTING_KEY] = routingKey;
  return attributes;
}

/** @param queue the consumer's, for counting how often the message died in it */
export function describeDelivery(message: AmqpMessage, queue: unknown): Attributes {
  const { deliveryTag, redelivered, routingKey } = message.fields ?? {};
  const attributes = describeProperties(message.content, message.properties ?? {});
  if (typeof routingKey === 'string' && routingKey) attributes[ATTR_MESSAGING_RABBITMQ_ROUTING_KEY] = routingKey;
  if (typeof deliveryTag === 'number') attributes[ATTR_MESSAGING_RABBITMQ_DELIVERY_TAG] = deliveryTag;
  const headers = message.properties?.headers;
  const deaths = readDeaths(headers);
  const [latest] = deaths;
  const source = readText(latest?.queue);
  const reason = readText(latest?.reason);
  if (source) attributes[ATTR_MESSAGING_DEAD_LETTER_SOURCE] = source;
  if (reason) attributes[ATTR_MESSAGING_DEAD_LETTER_REASON] = reason;
  const returned = toCount(readOwn(headers, 'x-delivery-count')) || (redelivered === true ? 1 : 0);
  const diedHere = deaths.find((death) => death.queue === queue);
  const attempt = 1 + returned + toCount(diedHere?.count);
  if (attempt > 1) attributes[ATTR_MESSAGING_DELIVERY_ATTEMPT] = attempt;
  return attributes;
}

function describeProperties(content: unknown, { messageId, correlationId }: PublishOptions): Attributes {
  const attributes: Attributes = {};
  if (typeof messageId === 'string') attributes[ATTR_MESSAGING_MESSAGE_ID] = messageId;
  if (typeof correlationId === 'string') attributes[ATTR_MESSAGING_MESSAGE_CONVERSATION_ID] = correlationId;
  if (content instanceof Uint8Array) attributes[ATTR_MESSAGING_MESSAGE_BODY_SIZE] = content.byteLength;
  return attributes;
}

/**
 * RabbitMQ's record of the queues a message died in, the latest first; anybody may have written it.
 * @see https://www.rabbitmq.com/docs/dlx#effects
 */
function readDeaths(headers: unknown): ReadonlyArray<Record<string, unknown>> {
  const deaths = readOwn(headers, 'x-death');
  return Array.isArray(deaths) ? deaths.slice(0, MAX_DEATHS).filter(isRecord) : [];
}

const MAX_DEATHS = 64;

function toCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
