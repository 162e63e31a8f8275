import { context, type Span, trace } from '@opentelemetry/api';
import { ATTR_MESSAGING_DESTINATION_PARTITION_ID, ATTR_MESSAGING_KAFKA_OFFSET } from '../../src/wire/names.ts';
import { attempt } from './attempt.ts';
import { intercept } from './intercept.ts';
import { describeKafkaMessage, KAFKA, type KafkaMessage, kafkaCarrier } from './kafka-message.ts';
import type { MessagingOptions } from './options.ts';
import { noteError, observe } from './span-end.ts';
import { startSend } from './start-send.ts';

interface TopicMessages {
  topic: string;
  messages: KafkaMessage[];
}

type Send = (record: unknown) => unknown;

/** One message with its topic, as a call for several topics is flattened. */
interface Addressed {
  topic: string;
  message: KafkaMessage;
}

/**
 * Traces `send`, `sendBatch` and transactions of a Kafka producer.
 *
 * One message is a PRODUCER span `send {topic}`; of several each has a PRODUCER span `create {topic}` and the call a CLIENT span
 * that links to them. Messages carry `traceparent` and `tracestate` in copies: what you pass is not written to, and a
 * `traceparent` of yours stays.
 */
export function traceKafkaProducer<P extends object>(producer: P, options: MessagingOptions = {}): P {
  return intercept(producer, {
    send: (original) => (record: unknown) => sendTraced(record, options, original),
    sendBatch: (original) => (batch: unknown) => sendBatchTraced(batch, options, original),
    transaction:
      (original) =>
      async (...args: unknown[]) =>
        traceKafkaProducer((await original(...args)) as object, options),
  });
}

function sendTraced(record: unknown, options: MessagingOptions, send: Send): unknown {
  const started = attempt(() => {
    const messages = addressed(record as TopicMessages);
    return startKafkaSend(messages, messages.length !== 1, options);
  });
  if (!started) return send(record);
  const { messages, span } = started;
  const sent = { ...(record as TopicMessages), messages: messages.map(({ message }) => message) };
  return runSend(span, messages.length === 1, () => send(sent));
}

function sendBatchTraced(batch: unknown, options: MessagingOptions, send: Send): unknown {
  const started = attempt(() => {
    const { topicMessages } = batch as { topicMessages: TopicMessages[] };
    return { ...startKafkaSend(topicMessages.flatMap(addressed), true, options), topicMessages };
  });
  if (!started) return send(batch);
  const { messages, span, topicMessages } = started;
  let next = 0;
  const sent = topicMessages.map((group) => ({
    ...group,
    messages: group.messages.map(() => (messages[next++] as Addressed).message),
  }));
  return runSend(span, messages.length === 1, () => send({ ...(batch as object), topicMessages: sent }));
}

function addressed({ topic, messages }: TopicMessages): Addressed[] {
  if (!Array.isArray(messages)) throw new TypeError('The messages of a topic are no list.');
  return messages.map((message) => ({ topic, message }));
}

function startKafkaSend(messages: readonly Addressed[], isBatch: boolean, options: MessagingOptions) {
  return startSend<Addressed>({
    system: KAFKA,
    messages,
    isBatch,
    carrier: {
      read: ({ message }, field) => kafkaCarrier.read(message, field),
      write: ({ topic, message }, fields) => {
        const written = kafkaCarrier.write(message, fields);
        return written && { topic, message: written };
      },
    },
    destinationOf: ({ topic }) => topic,
    describe: ({ message }) => describeKafkaMessage(message),
    options,
  });
}

function runSend(span: Span, isSingle: boolean, send: () => unknown): unknown {
  return observe(
    () => context.with(trace.setSpan(context.active(), span), send),
    (error, failed, result) => {
      if (failed) noteError(span, error);
      else if (isSingle) attempt(() => notePlace(span, result));
      attempt(() => span.end());
    },
  );
}

/** Where the broker put a single message. */
function notePlace(span: Span, result: unknown): void {
  const [place] = Array.isArray(result) ? (result as Array<Record<string, unknown> | undefined>) : [];
  if (!place) return;
  if (place.partition !== undefined)
    span.setAttribute(ATTR_MESSAGING_DESTINATION_PARTITION_ID, String(place.partition));
  const offset = place.baseOffset ?? place.offset;
  if (offset !== undefined) span.setAttribute(ATTR_MESSAGING_KAFKA_OFFSET, Number(offset));
}
