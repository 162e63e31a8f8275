import { type Context, context, type Link, propagation, trace } from '@opentelemetry/api';
import { TRACEPARENT } from '../../src/wire/traceparent.ts';
import { attempt } from './attempt.ts';
import { type ContextField, type ContextFields, fieldsOf, readFields } from './context-fields.ts';
import type { MessagingOptions } from './options.ts';

/** Writes one field into a carrier; OpenTelemetry's `TextMapSetter` fits. */
export interface Setter<C> {
  set(carrier: C, key: string, value: string): void;
}

/** Reads one field of a carrier, as text, bytes or a list of them; OpenTelemetry's `TextMapGetter` fits. */
export interface Getter<C> {
  get(carrier: C, key: string): unknown;
  /** Not called. */
  keys?(carrier: C): string[];
}

/**
 * Writes the active context into `carrier`: `traceparent`, `tracestate`, and the baggage that `options` name.
 *
 * Without a setter the carrier is a plain object, and a creation context that is already in it stays. A setter that throws
 * costs the context, never the message. Nothing is written outside of a span.
 * @returns `carrier`
 * @see https://www.w3.org/TR/trace-context-2/
 */
export function inject<C>(carrier: C, setter?: Setter<C>, options: MessagingOptions = {}): C {
  attempt(() => {
    if (!setter && !isRecord(carrier)) return;
    if (!setter && readOwn(carrier, TRACEPARENT) !== undefined) return;
    for (const [key, value] of fieldsOf(context.active(), options.baggage)) {
      if (setter) setter.set(carrier, key, value);
      else (carrier as Record<string, string>)[key] = value;
    }
  });
  return carrier;
}

/**
 * The active context with the span (and the baggage that `options` name) that `carrier` came from, for
 * `context.with(extract(headers), …)`; the active context alone when the carrier has none that is valid.
 *
 * Values may be text, bytes or lists of them. Never throws, whatever the carrier holds.
 */
export function extract<C>(carrier: C, getter?: Getter<C>, options: MessagingOptions = {}): Context {
  const active = context.active();
  const found = attempt(() => readFields(reader(carrier, getter), options.baggage));
  const withSpan = found?.spanContext ? trace.setSpanContext(active, found.spanContext) : active;
  return found?.baggage ? propagation.setBaggage(withSpan, found.baggage) : withSpan;
}

/** A link to the span that `carrier` came from, for `startSpan(name, { links: [link] })`; `undefined` when it has none. */
export function extractLink<C>(carrier: C, getter?: Getter<C>): Link | undefined {
  const found = attempt(() => readFields(reader(carrier, getter)));
  return found?.spanContext && { context: found.spanContext };
}

function reader<C>(carrier: C, getter: Getter<C> | undefined): (field: ContextField) => unknown {
  return getter ? (field) => getter.get(carrier, field) : (field) => readOwn(carrier, field);
}

/**
 * The own property `key` of an object from outside, in any case: `Traceparent` is what some clients make of it. Nothing
 * inherited, so that a prototype someone polluted is no sender.
 */
export function readOwn(holder: unknown, key: string): unknown {
  if (!isRecord(holder)) return undefined;
  if (Object.hasOwn(holder, key)) return holder[key];
  for (const name of Object.keys(holder)) {
    if (name.length === key.length && name.toLowerCase() === key) return holder[name];
  }
  return undefined;
}

/** An object with properties of its own, not a list or bytes: 64 KiB of those have as many keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/**
 * A copy of `headers` with `fields`.
 * @returns `undefined` when `headers` is nothing that a client library takes: that is for the library to say
 */
export function withFields(headers: unknown, fields: ContextFields): Record<string, unknown> | undefined {
  if (headers !== undefined && headers !== null && !isRecord(headers)) return undefined;
  return { ...headers, ...Object.fromEntries(fields) };
}
