import type { TraceId } from '../../src/wire/ids.ts';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../../src/wire/traceparent.ts';
import type { EdgeTraceState } from './trace-state.ts';

/** Whether a trace is recorded (the sampled flag), and what goes along in `tracestate`. */
export interface Decision {
  readonly flags: number;
  readonly state?: EdgeTraceState | undefined;
}

/** Decides which traces are recorded. */
export interface Sampler {
  /** For a trace that starts here, whose id is 128 random bits. */
  start(traceId: TraceId): Decision;
  /**
   * For a trace that goes on here, from what its caller decided.
   * @param request absent where the caller is no HTTP client
   */
  continue(traceId: TraceId, caller: Decision, request?: Request): Decision;
}

/** Records what starts here, and what callers record. */
export const followCaller: Sampler = {
  start: () => ({ flags: FLAG_RANDOM | FLAG_SAMPLED }),
  continue: (_, caller) => caller,
};
