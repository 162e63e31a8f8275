export { traceAmqp } from './amqp.ts';
export { traceAmqpChannel } from './amqp-channel.ts';
export { extract, extractLink, type Getter, inject, type Setter } from './generic-carrier.ts';
export { traceKafka } from './kafka.ts';
export { type KafkaConsumerOptions, traceKafkaConsumer } from './kafka-consumer.ts';
export { traceKafkaProducer } from './kafka-producer.ts';
export type { MessagingOptions } from './options.ts';
export { processSqsBatch, processSqsMessage, type SqsProcessOptions } from './process-sqs.ts';
export { traceSqs } from './sqs.ts';
