import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { type Consumer, Kafka, type Producer } from 'kafkajs';
import {
  extract,
  inject,
  processSqsMessage,
  traceAmqp,
  traceAmqpChannel,
  traceKafka,
  traceKafkaConsumer,
  traceSqs,
} from 'throughline/messaging';

// A wrapped client has the type of the one it wraps.
const kafka: Kafka = traceKafka(new Kafka({ brokers: [] }), { join: 'continue' });
export const producer: Producer = kafka.producer();
export const consumer: Consumer = traceKafkaConsumer(kafka.consumer({ groupId: 'g' }), { group: 'g' });
const connection: ChannelModel = traceAmqp(await connect('amqp://localhost'));
export const channel: ConfirmChannel = traceAmqpChannel(await connection.createConfirmChannel());
const sqs: SQSClient = traceSqs(new SQSClient({}), { baggage: ['session.id'] });

// A handler gets what was received, and its result comes back.
const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: 'https://sqs.example.com/1/orders' }));
for (const message of Messages) {
  const body: string | undefined = processSqsMessage(message, ({ Body }) => Body);
  const later: Promise<number> = processSqsMessage(message, async () => body?.length ?? 0);
  void later;
}

// A carrier keeps its type, and any getter of OpenTelemetry's shape reads it.
const headers: { tenant: string } = inject({ tenant: 'a' });
extract(headers, { keys: () => [], get: (carrier: { tenant: string }) => carrier.tenant });
// @ts-expect-error there is no such way to join
traceKafka(kafka, { join: 'merge' });
// @ts-expect-error a string has no middleware
traceSqs('client');
