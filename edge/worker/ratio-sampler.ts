import type { TraceId } from '../../src/wire/ids.ts';
import {
  isKept,
  OT_KEY,
  parseOt,
  randomnessOf,
  type SamplingState,
  thresholdOf,
  withSamplingState,
} from '../../src/wire/sampling.ts';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../../src/wire/traceparent.ts';
import type { Decision, Sampler } from './sampler.ts';
import { EdgeTraceState } from './trace-state.ts';
import { callerOrigin } from './trust.ts';

/**
 * Consistent probability sampling: keeps a share of the traces that start here, and of others at most what their callers
 * keep. Written to `tracestate` as `ot=th`, honoured where a caller wrote one, raised and never lowered.
 * @param share 0 to 1
 * @param maxForeignTracesPerSecond how many traces a second callers from elsewhere than the worker's own origin may have
 * recorded by setting the sampled flag, per isolate; beyond that they go on unsampled. Default unlimited.
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function ratio(share: number, maxForeignTracesPerSecond: number = Number.POSITIVE_INFINITY): Sampler {
  const threshold = thresholdOf(share);
  const rootState = EdgeTraceState.parse(threshold && `${OT_KEY}=th:${threshold}`);
  return {
    start(traceId) {
      const isSampled = threshold !== undefined && isKept(randomnessOf(traceId, {}), threshold);
      return isSampled ? { flags: FLAG_RANDOM | FLAG_SAMPLED, state: rootState } : { flags: FLAG_RANDOM };
    },
    continue(traceId, caller, request) {
      const isAllowed = !request || mayBeRecorded(request, maxForeignTracesPerSecond);
      return lower(traceId, caller, isAllowed ? threshold : undefined);
    },
  };
}

/**
 * Never records more than the caller did, less when our own threshold is higher. The random flag and foreign members stay
 * as they came.
 */
function lower(traceId: TraceId, { flags: given, state }: Decision, threshold: string | undefined): Decision {
  const { rv, th }: SamplingState = state ? parseOt(state.get(OT_KEY)) : {};
  const randomness = rv ?? randomnessOf(traceId, {});
  const kept = (given & FLAG_SAMPLED) !== 0 && threshold !== undefined && isKept(randomness, threshold);
  const flags = (given & ~FLAG_SAMPLED) | (kept ? FLAG_SAMPLED : 0);
  // A flag that contradicts its threshold was not a probability decision: the threshold no longer counts anything.
  const raised = kept && th !== undefined && isKept(randomness, th) ? higher(th, threshold) : undefined;
  if (state === undefined || raised === th) return { flags, state };
  const sampling = { ...(rv ? { rv } : {}), ...(raised ? { th: raised } : {}) };
  return { flags, state: new EdgeTraceState(withSamplingState(state.members, sampling)) };
}

function higher(a: string, b: string): string {
  return a.padEnd(14, '0') >= b.padEnd(14, '0') ? a : b;
}

let second = 0;
let foreign = 0;

// The sampled flag is advice from anyone (Trace Context level 2, 3.2.2.5.1), and recording costs.
function mayBeRecorded(request: Request, maxForeignTracesPerSecond: number): boolean {
  if (maxForeignTracesPerSecond === Number.POSITIVE_INFINITY || callerOrigin(request).isSame) return true;
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    foreign = 0;
  }
  foreign += 1;
  return foreign <= maxForeignTracesPerSecond;
}
