import type { SpanContext } from '@opentelemetry/api';
import { createTraceId, type TraceId } from '../../src/wire/ids.ts';
import {
  isKept,
  OT_KEY,
  parseOt,
  randomnessOf,
  type SamplingState,
  withSamplingState,
} from '../../src/wire/sampling.ts';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../../src/wire/traceparent.ts';
import type { Settings } from './options.ts';
import { newContext } from './span-context.ts';
import { EdgeTraceState } from './trace-state.ts';

/** What a caller's context carries on of its sampling decision. */
export interface CallerDecision {
  flags: number;
  state: EdgeTraceState | undefined;
}

type Sampling = Pick<Settings, 'threshold' | 'rootState'>;

const UNSAMPLED: Sampling = { threshold: undefined, rootState: undefined };

/** Decides for a trace that starts here, whose id is 128 random bits. */
export function startTrace({ threshold, rootState }: Sampling = UNSAMPLED): SpanContext {
  const traceId = createTraceId();
  const kept = threshold !== undefined && isKept(randomnessOf(traceId, {}), threshold);
  return newContext(traceId, FLAG_RANDOM | (kept ? FLAG_SAMPLED : 0), kept ? rootState : undefined);
}

/**
 * Decides for a trace that goes on here: never records more than the caller did, less when our own threshold is higher.
 * The random flag and foreign members stay as they came.
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function continueTrace(
  traceId: TraceId,
  { flags: given, state }: CallerDecision,
  { threshold }: Sampling = UNSAMPLED,
): SpanContext {
  const { rv, th }: SamplingState = state ? parseOt(state.get(OT_KEY)) : {};
  const randomness = rv ?? randomnessOf(traceId, {});
  const kept = (given & FLAG_SAMPLED) !== 0 && threshold !== undefined && isKept(randomness, threshold);
  const flags = (given & ~FLAG_SAMPLED) | (kept ? FLAG_SAMPLED : 0);
  // A flag that contradicts its threshold was not a probability decision: the threshold no longer counts anything.
  const raised = kept && th !== undefined && isKept(randomness, th) ? higher(th, threshold) : undefined;
  if (state === undefined || raised === th) return newContext(traceId, flags, state);
  const sampling = { ...(rv ? { rv } : {}), ...(raised ? { th: raised } : {}) };
  return newContext(traceId, flags, new EdgeTraceState(withSamplingState(state.members, sampling)));
}

function higher(a: string, b: string): string {
  return a.padEnd(14, '0') >= b.padEnd(14, '0') ? a : b;
}
