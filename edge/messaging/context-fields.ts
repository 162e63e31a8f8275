import { type Baggage, type Context, propagation, type SpanContext, trace } from '@opentelemetry/api';
import { BAGGAGE, type BaggageEntries, formatBaggage, parseBaggage } from '../../src/wire/baggage.ts';
import { isSpanId, isTraceId } from '../../src/wire/ids.ts';
import { formatTraceparent, parseTraceparent, TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import { EdgeTraceState } from '../worker/trace-state.ts';
import { readText } from './read-text.ts';

export type ContextField = typeof TRACEPARENT | typeof TRACESTATE | typeof BAGGAGE;
/** What a message carries of its creation context, most needed first. */
export type ContextFields = ReadonlyArray<readonly [field: ContextField, value: string]>;

/** What a message said about where it was created. */
export interface CreationContext {
  spanContext: SpanContext | undefined;
  baggage: Baggage | undefined;
}

/** The fields that carry `context`; none when it has no span. Only baggage of `baggageKeys` is among them. */
export function fieldsOf(context: Context, baggageKeys: readonly string[] = []): ContextFields {
  const spanContext = trace.getSpanContext(context);
  if (!spanContext || !isTraceId(spanContext.traceId) || !isSpanId(spanContext.spanId)) return [];
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const fields: Array<readonly [ContextField, string]> = [
    [TRACEPARENT, formatTraceparent({ traceId, spanId, flags: traceFlags })],
  ];
  const state = EdgeTraceState.parse(traceState?.serialize())?.serialize();
  if (state) fields.push([TRACESTATE, state]);
  const baggage = formatBaggage(listed(propagation.getBaggage(context), baggageKeys));
  if (baggage) fields.push([BAGGAGE, baggage]);
  return fields;
}

/** Reads a creation context; what breaks its grammar is as good as absent. */
export function readFields(
  read: (field: ContextField) => unknown,
  baggageKeys: readonly string[] = [],
): CreationContext {
  const parent = parseTraceparent(readText(read(TRACEPARENT)));
  if (!parent) return { spanContext: undefined, baggage: readBaggage(read, baggageKeys) };
  const spanContext: SpanContext = {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.flags,
    isRemote: true,
  };
  const traceState = EdgeTraceState.parse(readText(read(TRACESTATE)) ?? null);
  if (traceState) spanContext.traceState = traceState;
  return { spanContext, baggage: readBaggage(read, baggageKeys) };
}

function readBaggage(read: (field: ContextField) => unknown, keys: readonly string[]): Baggage | undefined {
  if (keys.length === 0) return undefined;
  const entries = parseBaggage(readText(read(BAGGAGE)));
  let baggage = propagation.createBaggage();
  for (const key of keys) {
    const entry = entries.get(key);
    if (entry) baggage = baggage.setEntry(key, { value: entry.value });
  }
  return baggage.getAllEntries().length > 0 ? baggage : undefined;
}

function listed(baggage: Baggage | undefined, keys: readonly string[]): BaggageEntries {
  const entries: BaggageEntries = new Map();
  for (const key of keys) {
    const entry = baggage?.getEntry(key);
    if (entry) entries.set(key, { value: entry.value });
  }
  return entries;
}
