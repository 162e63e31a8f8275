import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_MESSAGING_DEAD_LETTER_SOURCE,
  ATTR_MESSAGING_DELIVERY_ATTEMPT,
  ATTR_MESSAGING_MESSAGE_BODY_SIZE,
  ATTR_MESSAGING_MESSAGE_ID,
} from '../../src/wire/names.ts';
import { readText } from './read-text.ts';
import { readSystemAttribute, type SqsMessage } from './sqs-carrier.ts';

export const AWS_SQS = 'aws_sqs';

/** The queue's name: the last part of its URL or ARN. */
export function queueName(urlOrArn: unknown): string {
  return typeof urlOrArn === 'string'
    ? urlOrArn.slice(Math.max(urlOrArn.lastIndexOf('/'), urlOrArn.lastIndexOf(':')) + 1)
    : '';
}

export function describeSqsMessage(message: SqsMessage): Attributes {
  const attributes: Attributes = {};
  const id = readText(message.MessageId ?? message.messageId);
  const body = message.Body ?? message.body;
  if (id) attributes[ATTR_MESSAGING_MESSAGE_ID] = id;
  if (typeof body === 'string')
    attributes[ATTR_MESSAGING_MESSAGE_BODY_SIZE] = new TextEncoder().encode(body).byteLength;
  const received = Number(readSystemAttribute(message, 'ApproximateReceiveCount'));
  if (received > 1) attributes[ATTR_MESSAGING_DELIVERY_ATTEMPT] = received;
  const source = queueName(readSystemAttribute(message, 'DeadLetterQueueSourceArn'));
  if (source) attributes[ATTR_MESSAGING_DEAD_LETTER_SOURCE] = source;
  return attributes;
}
