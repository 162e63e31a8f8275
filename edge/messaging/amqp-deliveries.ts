import type { Span } from '@opentelemetry/api';
import { ATTR_MESSAGING_SETTLEMENT } from '../../src/wire/names.ts';
import { attempt } from './attempt.ts';

export type Settlement = 'ack' | 'nack' | 'requeue' | 'lost';

/**
 * More open deliveries than a sensible prefetch; a consumer that never settles would keep a span for every message. The
 * oldest is ended without an outcome.
 */
const MAX_OPEN = 10_000;

/** The process spans of one channel whose messages are not settled, by delivery tag, which counts upwards. */
export class AmqpDeliveries {
  readonly #open = new Map<number, Delivery>();

  add(tag: number, span: Span): Delivery {
    if (this.#open.size >= MAX_OPEN) {
      const [oldest] = this.#open;
      if (oldest) this.#finish(oldest[0], undefined);
    }
    const delivery = new Delivery(span);
    this.#open.set(tag, delivery);
    return delivery;
  }

  /** @param allUpTo also every earlier delivery, as the protocol's `multiple` flag */
  settle(tag: number, outcome: Settlement, allUpTo: boolean): void {
    if (!allUpTo) this.#finish(tag, outcome);
    else for (const open of this.#open.keys()) if (open <= tag) this.#finish(open, outcome);
  }

  settleAll(outcome: Settlement): void {
    for (const tag of this.#open.keys()) this.#finish(tag, outcome);
  }

  /** The span is ended elsewhere: a later settlement finds nothing. */
  forget(tag: number): void {
    this.#open.delete(tag);
  }

  #finish(tag: number, outcome: Settlement | undefined): void {
    const delivery = this.#open.get(tag);
    this.#open.delete(tag);
    delivery?.settled(outcome);
  }
}

/** A span that ends when its message is settled and its handler has returned, whichever is later. */
export class Delivery {
  readonly #span: Span;
  #isSettled = false;
  #isHandled = false;

  constructor(span: Span) {
    this.#span = span;
  }

  settled(outcome: Settlement | undefined): void {
    this.#isSettled = true;
    if (outcome) attempt(() => this.#span.setAttribute(ATTR_MESSAGING_SETTLEMENT, outcome));
    if (this.#isHandled) this.#end();
  }

  handled(): void {
    this.#isHandled = true;
    if (this.#isSettled) this.#end();
  }

  #end(): void {
    attempt(() => this.#span.end());
  }
}
