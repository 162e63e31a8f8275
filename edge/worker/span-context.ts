import type { SpanContext } from '@opentelemetry/api';
import { createSpanId, createTraceId, type TraceId } from '../../src/wire/ids.ts';
import { formatTraceparent, parseTraceparent } from '../../src/wire/traceparent.ts';
import type { Decision, Sampler } from './sampler.ts';

/** A span context with a fresh span id. */
export function newContext(traceId: TraceId, traceFlags: number, traceState: SpanContext['traceState']): SpanContext {
  const context = { traceId, spanId: createSpanId(), traceFlags };
  return traceState ? { ...context, traceState } : context;
}

/** The context of a span whose trace starts here. */
export function startTrace({ sampler }: Sampling): SpanContext {
  const traceId = createTraceId();
  const { flags, state } = sampler.start(traceId);
  return newContext(traceId, flags, state);
}

/** The context of a span in a trace that goes on here. */
export function continueTrace(
  traceId: TraceId,
  caller: Decision,
  { sampler }: Sampling,
  request?: Request,
): SpanContext {
  const { flags, state } = sampler.continue(traceId, caller, request);
  return newContext(traceId, flags, state);
}

interface Sampling {
  sampler: Sampler;
}

/** Whether a context made elsewhere names a span. */
export function isValid({ traceId, spanId }: SpanContext): boolean {
  return parseTraceparent(formatTraceparent({ traceId, spanId, flags: 0 })) !== undefined;
}
