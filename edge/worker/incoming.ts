import type { Link, SpanContext } from '@opentelemetry/api';
import { createTraceId, type SpanId } from '../../src/wire/ids.ts';
import { parseTraceparent, TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import type { Pipeline } from './pipeline.ts';
import { sampleContinued, sampleRoot } from './sampler.ts';
import { EdgeTraceState } from './trace-state.ts';
import { newContext } from './tracer.ts';

/** Where a server span stands: in its caller's trace, or at the root of a new one. */
export interface Incoming {
  context: SpanContext;
  recording: boolean;
  parentSpanId: SpanId | undefined;
  link: Link | undefined;
}

/**
 * Reads `traceparent` and `tracestate` of a request by the pipeline's trust policy. A header that breaks the grammar is
 * as good as none: a new trace, and its `tracestate` is dropped (Trace Context level 2, 4.2).
 */
export function readIncoming(request: Request, pipeline: Pipeline): Incoming {
  const { settings } = pipeline;
  const header = request.headers.get(TRACEPARENT);
  const caller = header === null ? undefined : parseTraceparent(header);
  const policy = caller && settings.trustOf(request);
  if (caller && policy === 'continue') {
    const { traceId, flags, spanId } = caller;
    const state = EdgeTraceState.parse(request.headers.get(TRACESTATE));
    const decision = sampleContinued(traceId, { flags, state }, settings.threshold);
    return { ...newContext(traceId, decision, pipeline), parentSpanId: spanId, link: undefined };
  }
  const traceId = createTraceId();
  const link: Link | undefined =
    caller && policy === 'link'
      ? { context: { traceId: caller.traceId, spanId: caller.spanId, traceFlags: caller.flags, isRemote: true } }
      : undefined;
  return { ...newContext(traceId, sampleRoot(traceId, settings.threshold), pipeline), parentSpanId: undefined, link };
}
