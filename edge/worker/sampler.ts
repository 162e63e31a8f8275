import type { TraceId } from '../../src/wire/ids.ts';
import { isKept, OT_KEY, parseOt, randomnessOf, withSamplingState } from '../../src/wire/sampling.ts';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../../src/wire/traceparent.ts';
import type { TraceStateMembers } from '../../src/wire/tracestate.ts';

/** What a span context carries on of a sampling decision. */
export interface SamplingDecision {
  flags: number;
  members: TraceStateMembers;
}

/** Decides for a trace that starts here, whose id is 128 random bits. */
export function sampleRoot(traceId: TraceId, threshold: string | undefined): SamplingDecision {
  if (threshold === undefined || !isKept(randomnessOf(traceId, {}), threshold))
    return { flags: FLAG_RANDOM, members: [] };
  return { flags: FLAG_RANDOM | FLAG_SAMPLED, members: [[OT_KEY, `th:${threshold}`]] };
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
  const { members } = caller;
  const state = parseOt(members.find(([key]) => key === OT_KEY)?.[1]);
  const randomness = randomnessOf(traceId, state);
  const sampled = (caller.flags & FLAG_SAMPLED) !== 0;
  const kept = sampled && threshold !== undefined && (threshold === '0' || isKept(randomness, threshold));
  const flags = (caller.flags & ~FLAG_SAMPLED) | (kept ? FLAG_SAMPLED : 0);
  if (state.th === undefined) return { flags, members };
  // A flag that contradicts its threshold was not a probability decision: the threshold no longer counts anything.
  const honest = kept && isKept(randomness, state.th);
  const raised = honest ? higher(state.th, threshold as string) : undefined;
  if (raised === state.th) return { flags, members };
  const { rv } = state;
  return {
    flags,
    members: withSamplingState(members, { ...(rv ? { rv } : {}), ...(raised ? { th: raised } : {}) }),
  };
}

function higher(a: string, b: string): string {
  return a.padEnd(14, '0') >= b.padEnd(14, '0') ? a : b;
}
