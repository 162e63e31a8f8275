import type { Link, SpanContext } from '@opentelemetry/api';
import { createTraceId, type SpanId } from '../../src/wire/ids.ts';
import { FLAG_SAMPLED, parseTraceparent, TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import type { Pipeline } from './pipeline.ts';
import type { Propagator } from './propagator.ts';
import { sampleContinued, sampleRoot } from './sampler.ts';
import { EdgeTraceState } from './trace-state.ts';
import { newContext } from './tracer.ts';
import { callerOrigin } from './trust.ts';

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
  const { caller, tracestate } = readCaller(request, settings.propagators);
  const policy = caller && settings.trustOf(request);
  if (caller && policy === 'continue') {
    const { traceId, spanId } = caller;
    const flags = mayBeRecorded(request, pipeline) ? caller.flags : caller.flags & ~FLAG_SAMPLED;
    const state = EdgeTraceState.parse(tracestate ?? null);
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

function readCaller(request: Request, propagators: readonly Propagator[]) {
  const header = request.headers.get(TRACEPARENT);
  if (header !== null) return { caller: parseTraceparent(header), tracestate: request.headers.get(TRACESTATE) };
  for (const { read } of propagators) {
    const carried = read?.(request);
    const caller = carried && parseTraceparent(carried.traceparent);
    if (caller) return { caller, tracestate: carried.tracestate };
  }
  return { caller: undefined, tracestate: undefined };
}

let second = 0;
let foreign = 0;

// The sampled flag is advice from anyone (Trace Context level 2, 3.2.2.5.1), and recording costs.
function mayBeRecorded(request: Request, { settings }: Pipeline): boolean {
  const limit = settings.maxForeignTracesPerSecond;
  if (limit === Number.POSITIVE_INFINITY || callerOrigin(request).isSame) return true;
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    foreign = 0;
  }
  foreign += 1;
  return foreign <= limit;
}
