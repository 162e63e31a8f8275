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

/** What of a batch of one its span says itself. */
interface Single {
  id: string;
  attributes: Record<string, string | number>;
}

/** `body` with a context around it, for a queue whose consumer is instrumented. */
export function sealBody(body: unknown, carried: Carried, queue: string): Envelope {
  return { envelope: ENVELOPE, ...carried, queue, body };
}

/**
 * The batch as the app sent it: envelopes opened, settling noted on the active span.
 * @returns also a link per message that carried a context
 */
export function openBatch(batch: CloudflareBatch): {
  opened: CloudflareBatch;
  links: Link[];
  single: Single | undefined;
} {
  const links: Link[] = [];
  let single: Single | undefined;
  const messages = batch.messages.map((message) => {
    const envelope = asEnvelope(message.body);
    const attributes: Record<string, string | number> = {
      [ATTR_MESSAGING_MESSAGE_ID]: message.id,
    };
    if (message.attempts > 1) attributes[ATTR_MESSAGING_DELIVERY_ATTEMPT] = message.attempts;
    if (envelope && envelope.queue !== batch.queue) attributes[ATTR_MESSAGING_DEAD_LETTER_SOURCE] = envelope.queue;
    const link = envelope && linkTo(envelope, attributes);
    if (link) links.push(link);
    if (batch.messages.length === 1) single = { id: message.id, attributes };
    return openMessage(message, envelope ? envelope.body : message.body);
  });
  const opened = new Proxy(batch, {
    get: (target, name) => (name === 'messages' ? messages : memberOf(target, name)),
  });
  return { opened, links, single };
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
      if (name !== 'ack' && name !== 'retry') return member;
      return (...args: unknown[]) => {
        spanOf(contextManager.active())?.addEvent(EVENT_MESSAGE_SETTLED, {
          [ATTR_MESSAGING_MESSAGE_ID]: message.id,
          [ATTR_MESSAGING_SETTLEMENT]: name === 'ack' ? 'ack' : 'requeue',
        });
        return (member as (...args: unknown[]) => unknown)(...args);
      };
    },
  });
}

// The platform's objects check their `this`.
function memberOf(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === 'function' ? member.bind(target) : member;
}
