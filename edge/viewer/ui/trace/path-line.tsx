import { shareOf } from '../../model/time-scale.ts';
import type { TraceState } from './trace-page-store.ts';
import { ROW_PX } from './waterfall-geometry.ts';

interface PathLineProps {
  state: TraceState;
  from: number;
  to: number;
  timePx: number;
}

/** The critical path as one line through the rows: along a span while it is what the trace waits for, then to the next. */
export function PathLine({ state, from, to, timePx }: PathLineProps) {
  const pathRows = state.pathRows.value;
  const path = state.path.value;
  const window = state.window.value;
  const clampX = (ms: number) => Math.max(-20, Math.min(timePx + 20, shareOf(window, ms) * timePx));
  const y = (row: number) => (Math.max(from - 1, Math.min(to, row)) - from + 1) * ROW_PX - 3.5;
  let line = '';
  let steps = '';
  let lastRow = -1;
  for (let index = 0; index < path.slots.length; index += 1) {
    const row = pathRows[index] as number;
    const startX = clampX(path.fromMs[index] as number);
    const endX = clampX(path.toMs[index] as number);
    const isSeen = row >= from - 1 && row <= to;
    const isCrossing = lastRow !== -1 && Math.min(lastRow, row) <= to && Math.max(lastRow, row) >= from - 1;
    if (isSeen || isCrossing) {
      const at = y(row).toFixed(1);
      if (isCrossing && lastRow !== row) steps += `M${startX.toFixed(1)} ${y(lastRow).toFixed(1)}V${at}`;
      if (isSeen && endX > startX) line += `M${startX.toFixed(1)} ${at}H${endX.toFixed(1)}`;
    }
    lastRow = row;
  }
  return (
    <svg
      class="path-line"
      style={{ top: `${from * ROW_PX}px`, height: `${(to - from) * ROW_PX}px`, width: `${timePx}px` }}
      aria-hidden="true"
      focusable="false"
    >
      <path class="path-steps" d={steps} />
      <path class="path-runs" d={line} />
    </svg>
  );
}
