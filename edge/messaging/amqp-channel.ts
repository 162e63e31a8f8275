import { context, type Span, trace } from '@opentelemetry/api';
import { AmqpDeliveries, type Settlement } from './amqp-deliveries.ts';
import {
  type AmqpMessage,
  amqpDestination,
  amqpMessageCarrier,
  amqpOptionsCarrier,
  describeDelivery,
  describePublish,
  type PublishOptions,
  RABBITMQ,
} from './amqp-message.ts';
import { attempt } from './attempt.ts';
import { isRecord } from './generic-carrier.ts';
import { intercept, type Replace } from './intercept.ts';
import type { MessagingOptions } from './options.ts';
import { type Receiving, startProcess } from './process.ts';
import { noteError, observe } from './span-end.ts';
import { startSend } from './start-send.ts';

type Call = (...args: unknown[]) => unknown;
type Confirm = (error: unknown, ...rest: unknown[]) => unknown;
type OnMessage = (message: AmqpMessage | null) => unknown;

interface Channel {
  on?(event: string, listener: () => void): unknown;
  waitForConfirms?: unknown;
}

/**
 * Traces an AMQP 0-9-1 channel of `amqplib`.
 *
 * `publish` and `sendToQueue` are PRODUCER spans `publish {exchange:routing key}` that last until the broker confirms (on confirm
 * channels); the headers table of a copy of your options carries `traceparent` and `tracestate`. Every message of `consume`
 * runs in a CONSUMER span `process {exchange:routing key:queue}` that links to its producer (or continues it, by option `join`) and
 * lasts until the message is acknowledged or rejected; it says the outcome, the attempt, and the queue a dead letter
 * comes from. `get` is a CLIENT span `receive {queue}`.
 */
export function traceAmqpChannel<C extends object>(channel: C, options: MessagingOptions = {}): C {
  const deliveries = new AmqpDeliveries();
  const hasConfirms = typeof (channel as Channel).waitForConfirms === 'function';
  const settleOne =
    (outcomeOf: (requeue: unknown) => Settlement, takesAllUpTo: boolean): Replace =>
    (original) =>
    (message: AmqpMessage, ...rest: unknown[]) => {
      const result = original(message, ...rest);
      attempt(() => {
        const [allUpTo, requeue] = takesAllUpTo ? rest : [false, rest[0]];
        const tag = message.fields?.deliveryTag;
        if (typeof tag === 'number') deliveries.settle(tag, outcomeOf(requeue), allUpTo === true);
      });
      return result;
    };
  const settleAll =
    (outcomeOf: (requeue: unknown) => Settlement): Replace =>
    (original) =>
    (...args: unknown[]) => {
      const result = original(...args);
      deliveries.settleAll(outcomeOf(args[0]));
      return result;
    };
  attempt(() => (channel as Channel).on?.('close', () => deliveries.settleAll('lost')));
  return intercept(channel, {
    publish:
      (original) =>
      (exchange: unknown, routingKey: unknown, content: unknown, ...rest: unknown[]) =>
        publish({ exchange, routingKey, content, rest, options, hasConfirms }, (...given) =>
          original(exchange, routingKey, content, ...given),
        ),
    sendToQueue:
      (original) =>
      (queue: unknown, content: unknown, ...rest: unknown[]) =>
        publish({ exchange: '', routingKey: queue, content, rest, options, hasConfirms }, (...given) =>
          original(queue, content, ...given),
        ),
    consume:
      (original) =>
      (queue: unknown, onMessage: unknown, consumeOptions: unknown, ...rest: unknown[]) => {
        if (typeof onMessage !== 'function') return original(queue, onMessage, consumeOptions, ...rest);
        const isSettled = (consumeOptions as { noAck?: unknown } | null | undefined)?.noAck === true;
        const traced = tracedHandler(queue, onMessage as OnMessage, { deliveries, isSettled, options });
        return original(queue, traced, consumeOptions, ...rest);
      },
    get:
      (original) =>
      (queue: unknown, ...rest: unknown[]) =>
        get(queue, options, () => original(queue, ...rest)),
    ack: settleOne(() => 'ack', true),
    nack: settleOne(nackOutcome, true),
    reject: settleOne(nackOutcome, false),
    ackAll: settleAll(() => 'ack'),
    nackAll: settleAll(nackOutcome),
    recover: settleAll(() => 'requeue'),
  });
}

// amqplib's default, as the protocol's: back into the queue.
const nackOutcome = (requeue: unknown): Settlement => (requeue === false ? 'nack' : 'requeue');

interface Publishing {
  exchange: unknown;
  routingKey: unknown;
  content: unknown;
  /** Options, and on a confirm channel a callback. */
  rest: unknown[];
  options: MessagingOptions;
  hasConfirms: boolean;
}

function publish({ exchange, routingKey, content, rest, options, hasConfirms }: Publishing, call: Call): unknown {
  const [given = {}] = rest;
  // Not an object: amqplib says so, or takes it for none.
  const started = attempt(() =>
    !isRecord(given)
      ? undefined
      : startSend<PublishOptions>({
          system: RABBITMQ,
          name: 'publish',
          messages: [given as PublishOptions],
          carrier: amqpOptionsCarrier,
          isBatch: false,
          destinationOf: () => amqpDestination(exchange, routingKey),
          describe: (publishing) => describePublish(content, routingKey, publishing),
          options,
        }),
  );
  if (!started) return call(...rest);
  const { span, messages } = started;
  const more = hasConfirms ? [confirmed(span, rest[1]), ...rest.slice(2)] : rest.slice(1);
  return observe(
    () => context.with(trace.setSpan(context.active(), span), () => call(messages[0], ...more)),
    (error, failed) => {
      if (failed) noteError(span, error);
      if (failed || !hasConfirms) attempt(() => span.end());
    },
  );
}

function confirmed(span: Span, callback: unknown): Confirm {
  return (error, ...rest) => {
    if (error) noteError(span, error);
    attempt(() => span.end());
    return typeof callback === 'function' ? callback(error, ...rest) : undefined;
  };
}

interface Consuming {
  deliveries: AmqpDeliveries;
  /** The broker takes messages as settled when it sends them. */
  isSettled: boolean;
  options: MessagingOptions;
}

function tracedHandler(queue: unknown, onMessage: OnMessage, { deliveries, isSettled, options }: Consuming): OnMessage {
  return (message) => {
    // null: the broker cancelled the consumer.
    const work = message === null ? undefined : attempt(() => startProcess(received(message, queue, options, true)));
    if (!work || message === null) return onMessage(message);
    const tag = message.fields?.deliveryTag;
    const delivery = typeof tag === 'number' && !isSettled ? deliveries.add(tag, work.span) : undefined;
    return observe(
      () => context.with(work.context, onMessage, undefined, message),
      (error, failed) => {
        if (delivery && !failed) {
          delivery.handled();
          return;
        }
        // Of a message whose handler failed nobody may hear any more: the span does not wait for it.
        if (failed) noteError(work.span, error);
        if (delivery) deliveries.forget(tag as number);
        attempt(() => work.span.end());
      },
    );
  };
}

function get(queue: unknown, options: MessagingOptions, call: () => unknown): unknown {
  const startTime = Date.now();
  return observe(call, (error, failed, message) => {
    // Nothing there: a loop that asks would make a span each time.
    if (!failed && !message) return;
    attempt(() => {
      const messages = message ? [message as AmqpMessage] : [];
      const { span } = startProcess({
        ...received(messages[0] ?? {}, queue, options, false),
        type: 'receive',
        messages,
        startTime,
      });
      if (failed) noteError(span, error);
      span.end();
    });
  });
}

function received(
  message: AmqpMessage,
  queue: unknown,
  options: MessagingOptions,
  isPushed: boolean,
): Receiving<AmqpMessage> {
  const { exchange, routingKey } = message.fields ?? {};
  return {
    system: RABBITMQ,
    destination: amqpDestination(exchange, routingKey, queue),
    messages: [message],
    carrier: amqpMessageCarrier,
    isBatch: false,
    isPushed,
    describe: (given) => describeDelivery(given, queue),
    options,
  };
}
