import type { Link, SpanContext } from '@opentelemetry/api';
import type { SpanId } from '../../src/wire/ids.ts';
import { FLAG_SAMPLED, parseTraceparent, TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import type { Carried } from './carried.ts';
import type { Settings } from './options.ts';
import { continueTrace, startTrace } from './sampler.ts';
import { EdgeTraceState } from './trace-state.ts';
import { callerOrigin } from './trust.ts';

/** Where a server span stands: in its caller's trace, or at the root of a new one. */
export interface Incoming {
  context: SpanContext;
  parentSpanId?: SpanId;
  link?: Link;
}

/**
 * Reads `traceparent` and `tracestate` of a request by the trust policy of the settings. A header that breaks the grammar
 * is as good as none: a new trace, and its `tracestate` is dropped (Trace Context level 2, 4.2).
 */
export function readIncoming(request: Request, settings: Settings): Incoming {
  const carried = readCarried(request, settings);
  const caller = carried && parseTraceparent(carried.traceparent);
  const policy = caller && settings.trustOf(request);
  if (!caller || policy === 'restart') return { context: startTrace(settings) };
  const { traceId, spanId, flags } = caller;
  if (policy === 'link') {
    const link = { context: { traceId, spanId, traceFlags: flags, isRemote: true } };
    return { context: startTrace(settings), link };
  }
  const decision = {
    flags: mayBeRecorded(request, settings) ? flags : flags & ~FLAG_SAMPLED,
    state: EdgeTraceState.parse(carried.tracestate),
  };
  return { context: continueTrace(traceId, decision, settings), parentSpanId: spanId };
}

function readCarried(request: Request, { propagators }: Settings): Carried | undefined {
  const { headers } = request;
  const traceparent = headers.get(TRACEPARENT);
  if (traceparent !== null) return { traceparent, tracestate: headers.get(TRACESTATE) ?? undefined };
  for (const { read } of propagators) {
    const carried = read?.(request);
    if (carried && parseTraceparent(carried.traceparent)) return carried;
  }
  return undefined;
}

let second = 0;
let foreign = 0;

// The sampled flag is advice from anyone (Trace Context level 2, 3.2.2.5.1), and recording costs.
function mayBeRecorded(request: Request, { maxForeignTracesPerSecond }: Settings): boolean {
  if (maxForeignTracesPerSecond === Number.POSITIVE_INFINITY || callerOrigin(request).isSame) return true;
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    foreign = 0;
  }
  foreign += 1;
  return foreign <= maxForeignTracesPerSecond;
}
