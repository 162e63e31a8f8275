import { type SpanContext, type TextMapPropagator, trace } from '@opentelemetry/api';
import {
  FLAG_RANDOM,
  FLAG_SAMPLED,
  formatTraceparent,
  parseTraceparent,
  TRACEPARENT,
  TRACESTATE,
} from '../wire/traceparent.ts';
import { traceStateOf } from './trace-state.ts';

/** The headers that carry `span` to a server. */
export function traceHeaders(span: SpanContext): [name: string, value: string][] {
  // The SDK gives spans it does not record no flags at all; their trace ids are as random as all of ours.
  const flags = span.traceFlags & FLAG_SAMPLED ? span.traceFlags : FLAG_RANDOM;
  const headers: [string, string][] = [[TRACEPARENT, formatTraceparent({ ...span, flags })]];
  const state = span.traceState?.serialize();
  if (state) headers.push([TRACESTATE, state]);
  return headers;
}

/** W3C Trace Context level 2 for the application's own `propagation.inject` and `extract`. */
export const propagator: TextMapPropagator = {
  inject(context, carrier, setter) {
    const span = trace.getSpanContext(context);
    if (!span || !trace.isSpanContextValid(span)) return;
    for (const [name, value] of traceHeaders(span)) setter.set(carrier, name, value);
  },
  extract(context, carrier, getter) {
    const read = (name: string) => [getter.get(carrier, name) ?? []].flat();
    const [header, ...more] = read(TRACEPARENT);
    const parent = more.length === 0 ? parseTraceparent(header) : undefined;
    if (!parent) return context;
    const { traceId, spanId, flags } = parent;
    const traceState = traceStateOf(read(TRACESTATE).join(','));
    const spanContext = { traceId, spanId, traceFlags: flags, isRemote: true, ...(traceState && { traceState }) };
    return trace.setSpanContext(context, spanContext);
  },
  fields: () => [TRACEPARENT, TRACESTATE],
};
