import type { Attributes, Link, SpanContext } from '@opentelemetry/api';
import { MAX_SPAN_LINKS } from '../../src/wire/limits.ts';

/** The links of one span to the messages it is about: as many as a span holds, the others counted. */
export class MessageLinks {
  readonly links: Link[] = [];
  /** Messages whose context found no place any more. */
  dropped = 0;
  readonly #seen = new Set<string>();

  /** Links to `context`, once; messages of one send may share it. */
  add(context: SpanContext | undefined, attributes: Attributes | undefined): void {
    if (!context) return;
    const id = context.traceId + context.spanId;
    if (this.#seen.has(id)) return;
    if (this.links.length >= MAX_SPAN_LINKS) {
      this.dropped += 1;
      return;
    }
    this.#seen.add(id);
    this.links.push(attributes ? { context, attributes } : { context });
  }
}
