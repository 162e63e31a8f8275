import { traceAmqpChannel } from './amqp-channel.ts';
import { intercept } from './intercept.ts';
import type { MessagingOptions } from './options.ts';

/**
 * Traces what goes over the channels of an AMQP 0-9-1 connection: `const connection = traceAmqp(await connect(url))`.
 *
 * Takes the connection of `amqplib` (promises or callbacks) and returns one whose channels are traced; the given one stays
 * as it is.
 * @see traceAmqpChannel
 */
export function traceAmqp<C extends object>(connection: C, options: MessagingOptions = {}): C {
  const create =
    (original: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): unknown => {
      const callback = args.at(-1);
      if (typeof callback === 'function') {
        const wrapped = (error: unknown, channel: unknown): unknown =>
          callback(error, isObject(channel) ? traceAmqpChannel(channel, options) : channel);
        return original(...args.slice(0, -1), wrapped);
      }
      return Promise.resolve(original(...args)).then((channel) =>
        isObject(channel) ? traceAmqpChannel(channel, options) : channel,
      );
    };
  return intercept(connection, { createChannel: create, createConfirmChannel: create });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
