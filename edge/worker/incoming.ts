import type { Link, SpanContext } from '@opentelemetry/api';
import type { SpanId } from '../../src/wire/ids.ts';
import { parseTraceparent, TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import type { Carried } from './carried.ts';
import type { Settings } from './settings.ts';
import { continueTrace, startTrace } from './span-context.ts';
import { EdgeTraceState } from './trace-state.ts';

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
  const policy = caller ? settings.trustOf(request) : 'restart';
  if (!caller || (policy !== 'continue' && policy !== 'link')) return { context: startTrace(settings) };
  const { traceId, spanId, flags } = caller;
  if (policy === 'link') {
    const link = { context: { traceId, spanId, traceFlags: flags, isRemote: true } };
    return { context: startTrace(settings), link };
  }
  const decision = { flags, state: EdgeTraceState.parse(carried.tracestate) };
  return { context: continueTrace(traceId, decision, settings, request), parentSpanId: spanId };
}

function readCarried(request: Request, { propagation }: Settings): Carried | undefined {
  const { headers } = request;
  const traceparent = headers.get(TRACEPARENT);
  if (traceparent === null) return propagation?.read(request);
  return { traceparent, tracestate: headers.get(TRACESTATE) ?? undefined };
}
