import {
  type Attributes,
  context,
  isSpanContextValid,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { MAX_SPAN_LINKS } from '../../src/wire/limits.ts';
import { ATTR_MESSAGING_CONTEXT_LEFT_OUT, ATTR_MESSAGING_LINKS_DROPPED } from '../../src/wire/names.ts';
import { TRACEPARENT } from '../../src/wire/traceparent.ts';
import type { Carrier } from './carrier.ts';
import { fieldsOf, readFields } from './context-fields.ts';
import { MessageLinks } from './message-links.ts';
import { type Operation, operationAttributes, spanName, tracer } from './messaging-span.ts';
import type { MessagingOptions } from './options.ts';

/** One call that hands messages to a broker. */
export interface Sending<M> {
  system: string;
  /** What the client library calls it; `send` by default. */
  name?: string;
  messages: readonly M[];
  carrier: Carrier<M>;
  /** True for calls that take several messages, also when only one is given. */
  isBatch: boolean;
  destinationOf(message: M): string;
  attributes?: Attributes;
  /** What is known of one message before it is sent. */
  describe?(message: M): Attributes;
  options: MessagingOptions;
}

export interface StartedSend<M> {
  /** In the order given, each with its creation context. */
  messages: M[];
  span: Span;
}

/**
 * Starts the span of a send and gives every message a creation context: of one message the span itself is it (PRODUCER); of
 * a batch each message gets a `create` span, and the `send` span (CLIENT) links to them all. Beyond the 128 links a
 * span holds, messages carry the send span itself. A context that the caller put into a message stays and is linked to.
 * @throws TypeError for messages that are no list
 */
export function startSend<M>(sending: Sending<M>): StartedSend<M> {
  if (!Array.isArray(sending.messages)) throw new TypeError('The messages of a send are no list.');
  return new Send(sending).start();
}

class Send<M> {
  readonly #sending: Sending<M>;
  readonly #sent: Array<M | undefined>;
  readonly #links = new MessageLinks();
  #created = 0;
  #leftOut = 0;

  constructor(sending: Sending<M>) {
    this.#sending = sending;
    this.#sent = sending.messages.map(() => undefined);
  }

  start(): StartedSend<M> {
    const { messages, carrier, isBatch, attributes, describe } = this.#sending;
    const [only] = messages;
    const isSingle = messages.length === 1 && only !== undefined;
    messages.forEach((message, i) => {
      if (carrier.read(message, TRACEPARENT) !== undefined) this.#keep(message, i);
      else if (!isSingle && this.#created < MAX_SPAN_LINKS) this.#create(message, i);
    });
    const isCreator = this.#sent.includes(undefined);
    const operation = this.#operation('send', commonDestination(this.#sending));
    if (isBatch) operation.batchSize = messages.length;
    const span = tracer().startSpan(spanName(operation), {
      kind: isCreator ? SpanKind.PRODUCER : SpanKind.CLIENT,
      attributes: {
        ...operationAttributes(operation),
        ...attributes,
        ...(isSingle ? describe?.(only) : undefined),
      },
      links: this.#links.links,
    });
    messages.forEach((message, i) => {
      if (this.#sent[i] === undefined) this.#sent[i] = this.#write(message, span);
    });
    if (this.#links.dropped > 0) span.setAttribute(ATTR_MESSAGING_LINKS_DROPPED, this.#links.dropped);
    if (this.#leftOut > 0) span.setAttribute(ATTR_MESSAGING_CONTEXT_LEFT_OUT, this.#leftOut);
    return { messages: this.#sent as M[], span };
  }

  #operation(type: 'create' | 'send', destination: string | undefined): Operation {
    const { system, name } = this.#sending;
    return type === 'send' && name ? { system, name, type, destination } : { system, type, destination };
  }

  /** The caller's own context: as valid or not as it is, it is not ours to replace. */
  #keep(message: M, index: number): void {
    this.#sent[index] = message;
    const { spanContext } = readFields((field) => this.#sending.carrier.read(message, field));
    this.#links.add(spanContext, undefined);
  }

  #create(message: M, index: number): void {
    this.#created += 1;
    const operation = this.#operation('create', this.#sending.destinationOf(message));
    const span = tracer().startSpan(spanName(operation), {
      kind: SpanKind.PRODUCER,
      attributes: {
        ...operationAttributes(operation),
        ...this.#sending.attributes,
        ...this.#sending.describe?.(message),
      },
    });
    this.#sent[index] = this.#write(message, span);
    span.end();
    this.#links.add(validContext(span), undefined);
  }

  #write(message: M, span: Span): M {
    const fields = fieldsOf(trace.setSpan(context.active(), span), this.#sending.options.baggage);
    if (fields.length === 0) return message;
    const written = this.#sending.carrier.write(message, fields);
    if (written !== undefined) return written;
    this.#leftOut += 1;
    return message;
  }
}

// Without an SDK the span of a root has an id of zeros, which must not be linked to.
function validContext(span: Span): SpanContext | undefined {
  const spanContext = span.spanContext();
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}

function commonDestination<M>({ messages, destinationOf }: Sending<M>): string | undefined {
  const destinations = new Set(messages.map(destinationOf));
  return destinations.size === 1 ? [...destinations][0] : undefined;
}
