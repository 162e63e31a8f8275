import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { ATTR_MESSAGING_LINKS_DROPPED } from '../../src/wire/names.ts';
import { attempt } from './attempt.ts';
import type { Carrier } from './carrier.ts';
import { readFields } from './context-fields.ts';
import { MessageLinks } from './message-links.ts';
import { operationAttributes, spanName, tracer } from './messaging-span.ts';
import type { MessagingOptions } from './options.ts';
import { noteError, observe } from './span-end.ts';

/** Messages an application is handed. */
export interface Receiving<M> {
  system: string;
  /** `process` by default; `receive` is a CLIENT span: the application asked for messages. */
  type?: 'process' | 'receive';
  destination: string | undefined;
  messages: readonly M[];
  carrier: Pick<Carrier<M>, 'read'>;
  /** True for handlers that take several messages, also when only one came. */
  isBatch: boolean;
  /**
   * True where the broker's client calls the handler: whatever context is active there is an accident of who started the
   * consumer, so the span starts a trace. False where the application's own code took the messages.
   */
  isPushed: boolean;
  attributes?: Attributes;
  /** What is known of one message: on the span of a single message, on the link to one of a batch. */
  describe?(message: M): Attributes;
  options: MessagingOptions;
  /** Epoch ms, for a span made when its messages are there; now by default. */
  startTime?: number;
}

export interface StartedWork {
  span: Span;
  /** Run the handler in it. */
  context: Context;
}

/** Starts the span of the messages' processing: linked to every creation context, or its child where `join` says so. */
export function startProcess<M>(receiving: Receiving<M>): StartedWork {
  const { system, type = 'process', destination, messages, carrier, isBatch, describe, options } = receiving;
  if (!Array.isArray(messages)) throw new TypeError('The messages received are no list.');
  const links = new MessageLinks();
  const [only] = messages;
  const single = isBatch || messages.length !== 1 ? undefined : only;
  let parent: SpanContext | undefined;
  let base = context.active();
  const baggageAttributes: Attributes = {};
  for (const message of messages) {
    const found = readFields((field) => carrier.read(message, field), single ? options.baggage : undefined);
    if (single && type === 'process' && options.join === 'continue') parent = found.spanContext;
    else links.add(found.spanContext, single === undefined ? describe?.(message) : undefined);
    if (!found.baggage) continue;
    base = propagation.setBaggage(base, found.baggage);
    for (const [key, { value }] of found.baggage.getAllEntries()) baggageAttributes[key] = value;
  }
  const operation = { system, type, destination, ...(isBatch ? { batchSize: messages.length } : {}) };
  const span = tracer().startSpan(
    spanName(operation),
    {
      kind: type === 'process' ? SpanKind.CONSUMER : SpanKind.CLIENT,
      root: receiving.isPushed && !parent,
      attributes: {
        ...baggageAttributes,
        ...operationAttributes(operation),
        ...receiving.attributes,
        ...(single === undefined ? undefined : describe?.(single)),
      },
      links: links.links,
      ...(receiving.startTime === undefined ? undefined : { startTime: receiving.startTime }),
    },
    parent ? trace.setSpanContext(base, parent) : base,
  );
  if (links.dropped > 0) span.setAttribute(ATTR_MESSAGING_LINKS_DROPPED, links.dropped);
  return { span, context: trace.setSpan(base, span) };
}

/**
 * Runs `handler` in the span of what `describe` says, which ends when it does; what it returns or throws stays as it is.
 * @param describe reads messages from outside, and may throw: then the handler runs without a span
 */
export function runProcess<M, R>(describe: () => Receiving<M>, handler: () => R): R {
  const work = attempt(() => startProcess(describe()));
  if (!work) return handler();
  return observe(
    () => context.with(work.context, handler),
    (error, failed) => {
      if (failed) noteError(work.span, error);
      attempt(() => work.span.end());
    },
  );
}
