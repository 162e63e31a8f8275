import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_MESSAGING_DELIVERY_ATTEMPT,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
} from '../../src/wire/names.ts';
import { intercept } from './intercept.ts';
import { describeKafkaMessage, KAFKA, type KafkaMessage, kafkaCarrier } from './kafka-message.ts';
import type { MessagingOptions } from './options.ts';
import { type Receiving, runProcess } from './process.ts';
import { queueTime } from './queue-time.ts';

export interface KafkaConsumerOptions extends MessagingOptions {
  /** Name of the consumer group, which a consumer does not tell; `traceKafka` knows it. */
  group?: string;
}

interface MessagePayload {
  topic: string;
  partition: number;
  message: KafkaMessage;
}

interface BatchPayload {
  batch: { topic: string; partition: number; messages: KafkaMessage[] };
}

type Handler = (payload: unknown) => unknown;

/**
 * Traces the handlers a Kafka consumer runs.
 *
 * `eachMessage` runs in a CONSUMER span `process {topic}` that links to the message's producer (or continues it, by option
 * `join`), `eachBatch` in one that links to the producers of all its messages. A message that comes again because its
 * handler failed says which attempt it is.
 */
export function traceKafkaConsumer<C extends object>(consumer: C, options: KafkaConsumerOptions = {}): C {
  return intercept(consumer, {
    run:
      (original) =>
      (config: unknown, ...rest: unknown[]) => {
        if (typeof config !== 'object' || config === null) return original(config, ...rest);
        const { eachMessage, eachBatch } = config as { eachMessage?: unknown; eachBatch?: unknown };
        const attempts: Attempts = new Map();
        const traced: { eachMessage?: Handler; eachBatch?: Handler } = {};
        if (typeof eachMessage === 'function')
          traced.eachMessage = (payload) =>
            runProcess(
              () => receivedMessage(payload, options, attempts),
              () => eachMessage.call(config, payload),
            );
        if (typeof eachBatch === 'function')
          traced.eachBatch = (payload) =>
            runProcess(
              () => receivedBatch(payload, options, attempts),
              () => eachBatch.call(config, payload),
            );
        return original({ ...config, ...traced }, ...rest);
      },
  });
}

function receivedMessage(payload: unknown, options: KafkaConsumerOptions, attempts: Attempts): Receiving<KafkaMessage> {
  const { topic, partition, message } = payload as MessagePayload;
  return {
    system: KAFKA,
    destination: topic,
    messages: [message],
    carrier: kafkaCarrier,
    isBatch: false,
    isPushed: true,
    attributes: {
      ...placeOf(partition, options),
      ...attemptOf(attempts, topic, partition, message),
      ...queueTime(message.timestamp),
    },
    describe: describeKafkaMessage,
    options,
  };
}

function receivedBatch(payload: unknown, options: KafkaConsumerOptions, attempts: Attempts): Receiving<KafkaMessage> {
  const { topic, partition, messages } = (payload as BatchPayload).batch;
  return {
    system: KAFKA,
    destination: topic,
    messages,
    carrier: kafkaCarrier,
    isBatch: true,
    isPushed: true,
    attributes: { ...placeOf(partition, options), ...attemptOf(attempts, topic, partition, messages[0]) },
    describe: describeKafkaMessage,
    options,
  };
}

function placeOf(partition: number, { group }: KafkaConsumerOptions): Attributes {
  const attributes: Attributes = { [ATTR_MESSAGING_DESTINATION_PARTITION_ID]: String(partition) };
  if (group) attributes[ATTR_MESSAGING_CONSUMER_GROUP_NAME] = group;
  return attributes;
}

/** The message a partition last stood at. Kafka does not count deliveries, but a partition that goes nowhere is a retry. */
interface Attempt {
  offset: unknown;
  count: number;
}

type Attempts = Map<string, Attempt>;

function attemptOf(
  attempts: Attempts,
  topic: string,
  partition: number,
  message: KafkaMessage | undefined,
): Attributes {
  const key = `${partition} ${topic}`;
  const last = attempts.get(key);
  const count = last !== undefined && last.offset === message?.offset ? last.count + 1 : 1;
  attempts.set(key, { offset: message?.offset, count });
  return count > 1 ? { [ATTR_MESSAGING_DELIVERY_ATTEMPT]: count } : {};
}
