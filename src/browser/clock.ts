import type { EpochMs } from '../wire/time.ts';

/** A reading of `performance.now()` or a performance entry, in ms. */
export type PerformanceMs = number;

export interface Clock {
  now(): EpochMs;
  /** When `at` on the performance timeline was, on the wall clock. */
  at(at: PerformanceMs): EpochMs;
  /** Compares with the wall clock and starts a new anchor when they drifted apart; call on resume. */
  check(): void;
}

// performance.now() stands still while some systems sleep (hr-time allows it), so `timeOrigin + now()` falls behind.
const MAX_DRIFT_MS = 100;

/** One clock for the page: durations from the monotonic clock, epoch times from one anchor. */
export function createClock(): Clock {
  let anchorMs = performance.timeOrigin;
  const clock: Clock = {
    now: () => anchorMs + performance.now(),
    at: (at) => anchorMs + at,
    check() {
      const wallMs = Date.now();
      if (Math.abs(wallMs - clock.now()) > MAX_DRIFT_MS) anchorMs = wallMs - performance.now();
    },
  };
  clock.check();
  return clock;
}
