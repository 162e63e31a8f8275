import type { TraceId } from '../../src/wire/ids.ts';
import { isKept, OT_KEY, parseOt, randomnessOf, withSamplingState } from '../../src/wire/sampling.ts';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../../src/wire/traceparent.ts';
import { EdgeTraceState } from './trace-state.ts';

/** What a span context carries on of a sampling decision. */
export interface SamplingDecision {
  flags: number;
  state: EdgeTraceState | undefined;
}

// One object for all traces of a threshold, so that its text is made once.
const rootStates = new Map<string, EdgeTraceState>();

/** Decides for a trace that starts here, whose id is 128 random bits. */
export function sampleRoot(traceId: TraceId, threshold: string | undefined): SamplingDecision {
  if (threshold === undefined || !isKept(randomnessOf(traceId, {}), threshold))
    return { flags: FLAG_RANDOM, state: undefined };
  let state = rootStates.get(threshold);
  if (!state) {
    state = new EdgeTraceState([[OT_KEY, `th:${threshold}`]]);
    rootStates.set(threshold, state);
  }
  return { flags: FLAG_RANDOM | FLAG_SAMPLED, state };
}

/**
 * Decides for a trace that goes on here: never records more than the caller did, less when our own threshold is higher.
 * The random flag and foreign members stay as they came.
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function sampleContinued(
  traceId: TraceId,
  caller: SamplingDecision,
  threshold: string | undefined,
): SamplingDecision {
  const { state } = caller;
  const { rv, th } = parseOt(state?.get(OT_KEY));
  const randomness = rv ?? randomnessOf(traceId, {});
  const sampled = (caller.flags & FLAG_SAMPLED) !== 0;
  const kept = sampled && threshold !== undefined && isKept(randomness, threshold);
  const flags = (caller.flags & ~FLAG_SAMPLED) | (kept ? FLAG_SAMPLED : 0);
  if (state === undefined || th === undefined) return { flags, state };
  // A flag that contradicts its threshold was not a probability decision: the threshold no longer counts anything.
  const raised = kept && isKept(randomness, th) ? higher(th, threshold) : undefined;
  if (raised === th) return { flags, state };
  const sampling = { ...(rv ? { rv } : {}), ...(raised ? { th: raised } : {}) };
  return { flags, state: new EdgeTraceState(withSamplingState(state.members, sampling)) };
}

function higher(a: string, b: string): string {
  return a.padEnd(14, '0') >= b.padEnd(14, '0') ? a : b;
}
