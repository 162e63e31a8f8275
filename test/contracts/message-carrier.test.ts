import { amqpMessageCarrier, amqpOptionsCarrier, type PublishOptions } from '../../edge/messaging/amqp-message.ts';
import { type KafkaMessage, kafkaCarrier } from '../../edge/messaging/kafka-message.ts';
import { createSqsCarrier, type SqsEntry, sqsMessageCarrier } from '../../edge/messaging/sqs-carrier.ts';
import { testMessageCarrier } from './message-carrier.ts';

const body = new Uint8Array([1, 2, 255]);
type Headers = Record<string, unknown>;

testMessageCarrier<KafkaMessage>({
  name: 'Kafka',
  create: () => ({ value: body, headers: { tenant: 'a' } }),
  carrier: kafkaCarrier,
  bodyOf: (message) => message.value,
  ownOf: (message) => (message.headers as Headers).tenant,
  readDelivered: (message, field) => kafkaCarrier.read(message, field),
});

testMessageCarrier<PublishOptions & { content: Uint8Array }>({
  name: 'RabbitMQ',
  create: () => ({ content: body, headers: { tenant: 'a' } }),
  carrier: amqpOptionsCarrier as never,
  bodyOf: (options) => options.content,
  ownOf: (options) => (options.headers as Headers).tenant,
  readDelivered: (options, field) => amqpMessageCarrier.read({ content: body, properties: options }, field),
});

testMessageCarrier<SqsEntry>({
  name: 'SQS',
  create: () => ({
    MessageBody: 'x',
    MessageAttributes: { tenant: { DataType: 'String', StringValue: 'a' } },
  }),
  carrier: createSqsCarrier([]),
  bodyOf: (entry) => entry.MessageBody,
  ownOf: (entry) => (entry.MessageAttributes as Headers).tenant,
  readDelivered: (entry, field) =>
    sqsMessageCarrier.read(entry && { Body: entry.MessageBody, MessageAttributes: entry.MessageAttributes }, field),
});
