import type { SpanContext } from '@opentelemetry/api';
import { createSpanId, type TraceId } from '../../src/wire/ids.ts';
import { formatTraceparent, parseTraceparent } from '../../src/wire/traceparent.ts';

/** A span context with a fresh span id. */
export function newContext(traceId: TraceId, traceFlags: number, traceState: SpanContext['traceState']): SpanContext {
  const context = { traceId, spanId: createSpanId(), traceFlags };
  return traceState ? { ...context, traceState } : context;
}

/** Whether a context made elsewhere names a span. */
export function isValid({ traceId, spanId }: SpanContext): boolean {
  return parseTraceparent(formatTraceparent({ traceId, spanId, flags: 0 })) !== undefined;
}
