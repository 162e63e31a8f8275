import { intercept } from './intercept.ts';
import { traceKafkaConsumer } from './kafka-consumer.ts';
import { traceKafkaProducer } from './kafka-producer.ts';
import type { MessagingOptions } from './options.ts';

interface ConsumerConfig {
  groupId?: unknown;
  kafkaJS?: { groupId?: unknown };
  'group.id'?: unknown;
}

/**
 * Traces what a Kafka client sends and consumes: `const kafka = traceKafka(new Kafka({ … }))`.
 *
 * Takes the `Kafka` of `kafkajs` or of `@confluentinc/kafka-javascript` (its `KafkaJS` API) and returns one whose producers
 * and consumers are traced; the given one stays as it is.
 * @see traceKafkaProducer
 * @see traceKafkaConsumer
 */
export function traceKafka<K extends object>(kafka: K, options: MessagingOptions = {}): K {
  return intercept(kafka, {
    producer:
      (original) =>
      (...args: unknown[]) =>
        traceKafkaProducer(original(...args) as object, options),
    consumer:
      (original) =>
      (...args: unknown[]) =>
        traceKafkaConsumer(original(...args) as object, { ...options, ...groupOf(args[0]) }),
  });
}

function groupOf(config: unknown): { group?: string } {
  const { groupId, kafkaJS, 'group.id': property } = (config ?? {}) as ConsumerConfig;
  const group = groupId ?? kafkaJS?.groupId ?? property;
  return typeof group === 'string' ? { group } : {};
}
