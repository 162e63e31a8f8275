import type { EpochMs } from '../wire/time.ts';

/** A reading of `performance.now()` or a performance entry, in ms. */
export type PerformanceMs = number;

export interface Clock {
  /** The time of now; a clock that was set, or stood still while the system slept, is followed within 100 ms,
   * once no activity is open: one trace has one clock. */
  now(): EpochMs;
  /** When `at` on the performance timeline was, on the wall clock as it was then. */
  at(at: PerformanceMs): EpochMs;
}

// performance.now() stands still while some systems sleep (hr-time allows it), so `timeOrigin + now()` falls behind.
const MAX_DRIFT_MS = 100;
/** Drifts remembered, so that an entry from before one keeps its time. */
const MAX_ANCHORS = 8;

export interface ClockOptions {
  /** Whether what is being measured must not be torn apart: the clock then follows later. */
  isHeld?(): boolean;
  /** For tests. */
  wallMs?(): EpochMs;
  /** For tests. */
  monotonicMs?(): PerformanceMs;
}

/**
 * One clock for the page: the wall clock is read to notice drift and gives an anchor; the monotonic clock gives
 * everything else, so that two times of one anchor never run backwards.
 */
export function createClock({
  isHeld = () => false,
  wallMs = Date.now,
  monotonicMs = () => performance.now(),
}: ClockOptions = {}): Clock {
  const drifted = (originMs: EpochMs) => {
    const nowMs = wallMs() - monotonicMs();
    return Math.abs(nowMs - originMs) > MAX_DRIFT_MS ? nowMs : originMs;
  };
  /** The latest first: since `from` on the performance timeline, `from` 0 was at `originMs`. */
  const anchors = [{ from: Number.NEGATIVE_INFINITY, originMs: drifted(performance.timeOrigin) }];
  const originAt = (at: PerformanceMs) => (anchors.find(({ from }) => at >= from) as { originMs: EpochMs }).originMs;
  return {
    now() {
      const from = monotonicMs();
      const known = originAt(from);
      const originMs = isHeld() ? known : drifted(known);
      if (originMs !== known) {
        anchors.unshift({ from, originMs });
        if (anchors.length > MAX_ANCHORS) anchors.splice(-2, 1);
      }
      return originMs + from;
    },
    at: (at) => originAt(at) + at,
  };
}
