import type { Link } from '@opentelemetry/api';
import {
  ATTR_MESSAGING_DEAD_LETTER_SOURCE,
  ATTR_MESSAGING_DELIVERY_ATTEMPT,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_MESSAGING_SETTLEMENT,
  EVENT_MESSAGE_SETTLED,
} from '../../src/wire/names.ts';
import type { Carried } from './carried.ts';
import { contextManager } from './context-manager.ts';
import { spanOf } from './edge-context.ts';
import { linkTo } from './run.ts';

/** Cloudflare Queues has no message headers, so the context rides in the body, in an envelope with this marker. */
const ENVELOPE = 'throughline/1';

/** What a batch's and a message's own methods tell the queue. */
const SETTLEMENTS: Readonly<Record<string, string>> = {
  ack: 'ack',
  retry: 'requeue',
  ackAll: 'ack',
  retryAll: 'requeue',
};

type Method = (...args: unknown[]) => unknown;

interface Envelope extends Carried {
  envelope: typeof ENVELOPE;
  /** Where it was sent to: in another queue it was dead-lettered. */
  queue: string;
  body: unknown;
}

interface CloudflareMessage {
  readonly id: string;
  readonly body: unknown;
  readonly attempts: number;
}

export interface CloudflareBatch {
  readonly queue: string;
  readonly messages: readonly CloudflareMessage[];
}

interface OpenedBatch {
  opened: CloudflareBatch;
  /** One per message that carried a context. */
  links: Link[];
  /** The context of the only message. */
  carried: Carried | undefined;
  /** What the span says itself: all of a single message, of more the highest delivery attempt. */
  attributes: Record<string, string | number>;
}

/** `body` with a context around it, for a queue whose consumer is instrumented. */
export function sealBody(body: unknown, carried: Carried, queue: string): Envelope {
  return { envelope: ENVELOPE, ...carried, queue, body };
}

/** The batch as the app sent it: envelopes opened, settling noted on the active span. */
export function openBatch(batch: CloudflareBatch): OpenedBatch {
  const links: Link[] = [];
  const isSingle = batch.messages.length === 1;
  let carried: Carried | undefined;
  let attributes: Record<string, string | number> = {};
  const messages = batch.messages.map((message) => {
    const envelope = asEnvelope(message.body);
    const own = describe(message, batch.queue, envelope);
    const link = envelope && linkTo(envelope, own);
    if (link) links.push(link);
    if (isSingle) {
      carried = link && envelope;
      attributes = own;
    } else if (message.attempts > Number(attributes[ATTR_MESSAGING_DELIVERY_ATTEMPT] ?? 1)) {
      attributes[ATTR_MESSAGING_DELIVERY_ATTEMPT] = message.attempts;
    }
    return openMessage(message, envelope ? envelope.body : message.body);
  });
  const opened = new Proxy(batch, {
    get(target, name) {
      if (name === 'messages') return messages;
      const settlement = SETTLEMENTS[String(name)];
      const member = memberOf(target, name);
      return settlement && typeof member === 'function'
        ? noting(member as Method, { [ATTR_MESSAGING_SETTLEMENT]: settlement })
        : member;
    },
  });
  return { opened, links, carried, attributes };
}

function describe(message: CloudflareMessage, queue: string, envelope: Envelope | undefined) {
  const attributes: Record<string, string | number> = { [ATTR_MESSAGING_MESSAGE_ID]: message.id };
  if (message.attempts > 1) attributes[ATTR_MESSAGING_DELIVERY_ATTEMPT] = message.attempts;
  if (envelope && envelope.queue !== queue) attributes[ATTR_MESSAGING_DEAD_LETTER_SOURCE] = envelope.queue;
  return attributes;
}

function asEnvelope(body: unknown): Envelope | undefined {
  const envelope = body as Partial<Envelope> | null | undefined;
  return typeof envelope === 'object' && envelope?.envelope === ENVELOPE ? (envelope as Envelope) : undefined;
}

function openMessage(message: CloudflareMessage, body: unknown): CloudflareMessage {
  return new Proxy(message, {
    get(target, name) {
      if (name === 'body') return body;
      const member = memberOf(target, name);
      const settlement = name === 'ack' || name === 'retry' ? SETTLEMENTS[name] : undefined;
      return settlement && typeof member === 'function'
        ? noting(member as Method, {
            [ATTR_MESSAGING_MESSAGE_ID]: message.id,
            [ATTR_MESSAGING_SETTLEMENT]: settlement,
          })
        : member;
    },
  });
}

/** `settle` with an event on the span that is active when it is called. */
function noting(settle: Method, attributes: Record<string, string>): Method {
  return (...args) => {
    spanOf(contextManager.active())?.addEvent(EVENT_MESSAGE_SETTLED, attributes);
    return settle(...args);
  };
}

// The platform's objects check their `this`.
function memberOf(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === 'function' ? member.bind(target) : member;
}
