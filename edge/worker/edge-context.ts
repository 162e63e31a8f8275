import type { Context, Span } from '@opentelemetry/api';
import type { Invocation } from './invocation.ts';

/** Where OpenTelemetry's API keeps the active span (`createContextKey` is `Symbol.for`). */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');

/**
 * A context with a place for what every lookup asks for: the active span and the run it belongs to. The API's own copies
 * a Map and makes three closures for every value.
 */
export class EdgeContext implements Context {
  readonly span: Span | undefined;
  readonly invocation: Invocation | undefined;
  readonly #others: ReadonlyMap<symbol, unknown> | undefined;

  constructor(span?: Span, invocation?: Invocation, others?: ReadonlyMap<symbol, unknown>) {
    this.span = span;
    this.invocation = invocation;
    this.#others = others;
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : this.#others?.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === SPAN_KEY) return new EdgeContext(value as Span | undefined, this.invocation, this.#others);
    return new EdgeContext(this.span, this.invocation, new Map(this.#others).set(key, value));
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }
}

/** The active span of a context, ours or the API's. */
export function spanOf(context: Context): Span | undefined {
  return context.getValue(SPAN_KEY) as Span | undefined;
}

/** The run a context belongs to. One that was not derived from ours, such as `ROOT_CONTEXT`, belongs to none. */
export function invocationOf(context: Context): Invocation | undefined {
  return context instanceof EdgeContext ? context.invocation : undefined;
}

/** `context` with another active span. */
export function withSpan(context: Context, span: Span): Context {
  return context.setValue(SPAN_KEY, span);
}
