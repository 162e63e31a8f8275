/** The stretch of a trace the timeline shows, ms from the trace's start. */
export interface TimeWindow {
  fromMs: number;
  toMs: number;
}

/** Below a microsecond there is nothing to see: clocks end there. */
const MIN_WINDOW_MS = 0.001;

/** Keeps a window inside the trace and wide enough, moving before it shrinks. */
export function clampWindow(window: TimeWindow, durationMs: number): TimeWindow {
  const ordered = window.fromMs <= window.toMs ? window : { fromMs: window.toMs, toMs: window.fromMs };
  const width = Math.min(durationMs, Math.max(MIN_WINDOW_MS, ordered.toMs - ordered.fromMs));
  const fromMs = Math.min(Math.max(0, ordered.fromMs), durationMs - width);
  return { fromMs, toMs: fromMs + width };
}

/** Zooms by a factor (below 1: closer) about the point at `anchor`, a share of the window's width. */
export function zoomWindow(window: TimeWindow, factor: number, anchor: number, durationMs: number): TimeWindow {
  const width = window.toMs - window.fromMs;
  const nextWidth = Math.min(durationMs, Math.max(MIN_WINDOW_MS, width * factor));
  const fromMs = window.fromMs + (width - nextWidth) * anchor;
  return clampWindow({ fromMs, toMs: fromMs + nextWidth }, durationMs);
}

/** Moves by a share of the window's width. */
export function panWindow(window: TimeWindow, share: number, durationMs: number): TimeWindow {
  const width = window.toMs - window.fromMs;
  const fromMs = window.fromMs + width * share;
  return clampWindow({ fromMs, toMs: fromMs + width }, durationMs);
}

/** Where a time stands in the window: 0 at its left edge, 1 at its right one. */
export function shareOf(window: TimeWindow, ms: number): number {
  return (ms - window.fromMs) / (window.toMs - window.fromMs);
}

const SECONDS_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((seconds) => seconds * 1000);

/** The step between ticks: 1, 2 or 5 times a power of ten below a second, whole clock steps above; at most `maxTicks`. */
export function tickStep(widthMs: number, maxTicks: number): number {
  const raw = widthMs / Math.max(1, maxTicks);
  if (raw > 500) {
    const found = SECONDS_STEPS.find((step) => step >= raw);
    if (found !== undefined) return found;
    return Math.ceil(raw / 3_600_000) * 3_600_000;
  }
  const power = 10 ** Math.floor(Math.log10(raw));
  for (const factor of [1, 2, 5]) if (factor * power >= raw * 0.999999) return factor * power;
  return 10 * power;
}

/** Round times inside the window for about `maxTicks` grid lines. */
export function ticks(window: TimeWindow, maxTicks: number): { stepMs: number; atMs: number[] } {
  const stepMs = tickStep(window.toMs - window.fromMs, maxTicks);
  const atMs: number[] = [];
  for (
    let index = Math.ceil(window.fromMs / stepMs - 1e-9);
    index * stepMs <= window.toMs + stepMs * 1e-9;
    index += 1
  ) {
    atMs.push(index * stepMs + 0); // + 0: no negative zero
  }
  return { stepMs, atMs };
}
