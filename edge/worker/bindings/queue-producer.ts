import {
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
} from '../../../src/wire/names.ts';
import { KIND_PRODUCER } from '../api-constants.ts';
import { sealBody } from '../cloudflare-messages.ts';
import { contextHeaders } from '../outgoing.ts';
import type { EdgeSpan } from '../span.ts';
import type { BindingKind } from './binding-kind.ts';
import { intercept } from './intercept.ts';
import { tracedCall } from './traced-call.ts';

interface Producer {
  send(body: unknown, options?: { contentType?: string }): Promise<unknown>;
  sendBatch(messages: Iterable<Message>, options?: unknown): Promise<unknown>;
}

interface Message {
  body: unknown;
  contentType?: string;
}

/**
 * Cloudflare Queues, producing: span `send {queue}` of kind producer. To queues named in the options every message
 * carries the context of its send; in a batch, of a `create {queue}` span of its own.
 */
export const queueProducer: BindingKind = {
  is: (binding) => binding.constructor?.name === 'WorkerQueue',
  trace(binding, name, { queues = {} }) {
    const producer = binding as Producer;
    const queue = Object.hasOwn(queues, name) ? queues[name] : undefined;
    const destination = queue ?? name;
    const about = (operation: string, count?: number) => ({
      name: `${operation} ${destination}`,
      binding: name,
      kind: KIND_PRODUCER,
      attributes: {
        [ATTR_MESSAGING_SYSTEM]: 'cloudflare_queues',
        [ATTR_MESSAGING_OPERATION_NAME]: operation,
        [ATTR_MESSAGING_OPERATION_TYPE]: operation,
        [ATTR_MESSAGING_DESTINATION_NAME]: destination,
        [ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: count,
      },
    });
    const seal = (span: EdgeSpan | undefined, body: unknown, contentType: string | undefined): unknown =>
      span && queue !== undefined && canCarry(contentType) ? sealBody(body, contextHeaders(span), queue) : body;
    return intercept(producer, {
      send: (body: unknown, options?: { contentType?: string }) =>
        tracedCall(about('send'), (span) => producer.send(seal(span, body, options?.contentType), options)),
      sendBatch: (messages: Iterable<Message>, options?: unknown) => {
        const list = [...messages];
        return tracedCall(about('send', list.length), (send) => {
          const sealed = list.map((message) =>
            send && queue !== undefined
              ? tracedCall(about('create'), (span) => ({
                  ...message,
                  body: seal(span, message.body, message.contentType),
                }))
              : message,
          );
          return producer.sendBatch(sealed, options);
        });
      },
    });
  },
};

// Text and bytes have no room for an envelope without becoming something else for the consumer.
function canCarry(contentType: string | undefined): boolean {
  return contentType === undefined || contentType === 'json' || contentType === 'v8';
}
