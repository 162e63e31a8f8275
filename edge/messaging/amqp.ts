import { traceAmqpChannel } from './amqp-channel.ts';
import { intercept, type Replace } from './intercept.ts';
import type { MessagingOptions } from './options.ts';

/**
 * Traces what goes over the channels of an AMQP 0-9-1 connection: `const connection = traceAmqp(await connect(url))`.
 *
 * Takes the connection of `amqplib` (promises or callbacks) and returns one whose channels are traced; the given one stays
 * as it is.
 * @see traceAmqpChannel
 */
export function traceAmqp<C extends object>(connection: C, options: MessagingOptions = {}): C {
  // The callback API also returns the channel it calls back with: both are one traced channel.
  const channels = new WeakMap<object, object>();
  const traced = (channel: unknown): unknown => {
    if (!isObject(channel)) return channel;
    const known = channels.get(channel) ?? traceAmqpChannel(channel, options);
    channels.set(channel, known);
    return known;
  };
  const create: Replace =
    (original) =>
    (...args: unknown[]): unknown => {
      const callback = args.at(-1);
      if (typeof callback !== 'function') return Promise.resolve(original(...args)).then(traced);
      const wrapped = (error: unknown, channel: unknown): unknown => callback(error, traced(channel));
      return traced(original(...args.slice(0, -1), wrapped));
    };
  return intercept(connection, { createChannel: create, createConfirmChannel: create });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
