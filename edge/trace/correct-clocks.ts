import type { SpanTree } from './span-tree.ts';
import type { SpanView } from './trace-view.ts';

/** A clock tells whole milliseconds when it gives no other: what happened at 10.7 then says 10. */
const TICK_MS = 1;

/** One clock a trace was measured with. */
export interface Clock {
  /** Collector clock minus this clock as measured when batches came; 0 when nothing was or it is too small to tell. */
  offsetMs: number;
}

/**
 * Corrects the times of spans that were measured with different clocks, in place; what was added stands in `shiftMs` and
 * `stretchMs`, so the sender's own times can be had back.
 *
 * 1. A *run* is a span and all below it that were measured with the same clock. All of a run move together, so lengths
 *    and order inside a process are never touched.
 * 2. A run starts from its clock's measured offset.
 * 3. A run that begins with a SERVER span and hangs below a span of another clock happened, whatever the clocks say,
 *    while its caller waited: it is moved by the least that puts its first span inside its parent; when it is longer
 *    than its parent it is moved only if it starts outside of it, and then starts with it.
 * 4. Nothing below a PRODUCER and no CONSUMER is moved to fit: a message may wait for hours.
 * 5. A clock that ticks in whole milliseconds makes its spans end up to one too early: they are widened by at most that
 *    much, as far as their children need.
 *
 * @param order depth-first, parents before children
 * @param clockOf the clock each span was measured with, by span index
 */
export function correctClocks(
  spans: readonly SpanView[],
  tree: SpanTree,
  order: Int32Array,
  clockOf: (index: number) => Clock,
): void {
  const wholeMs = findWholeMsClocks(spans, clockOf);
  for (const index of order) {
    const span = spans[index] as SpanView;
    const parentIndex = tree.parents[index] as number;
    const clock = clockOf(index);
    if (parentIndex === -1) shift(span, clock.offsetMs);
    else if (clockOf(parentIndex) === clock) shift(span, (spans[parentIndex] as SpanView).shiftMs);
    else {
      shift(span, clock.offsetMs);
      const parent = spans[parentIndex] as SpanView;
      const room = wholeMs.has(clockOf(parentIndex)) ? TICK_MS : 0;
      if (span.kind === 'server' && parent.kind !== 'producer') shift(span, leastShift(span, parent, room));
    }
  }
  for (let i = order.length - 1; i >= 0; i--) {
    const index = order[i] as number;
    const parentIndex = tree.parents[index] as number;
    if (parentIndex === -1 || !wholeMs.has(clockOf(parentIndex))) continue;
    widen(spans[parentIndex] as SpanView, spans[index] as SpanView);
  }
}

function shift(span: SpanView, byMs: number): void {
  span.startMs += byMs;
  span.shiftMs += byMs;
}

function leastShift(span: SpanView, parent: SpanView, roomMs: number): number {
  const tooEarlyMs = parent.startMs - span.startMs;
  const parentMs = parent.durationMs + roomMs;
  const tooLateMs = span.startMs + span.durationMs - (parent.startMs + parentMs);
  if (span.durationMs > parentMs) return tooEarlyMs > 0 || -tooEarlyMs > parentMs ? tooEarlyMs : 0;
  if (tooEarlyMs > 0) return tooEarlyMs;
  return tooLateMs > 0 ? -tooLateMs : 0;
}

function widen(parent: SpanView, child: SpanView): void {
  if (child.kind === 'consumer' || parent.kind === 'producer') return;
  const missingMs = child.startMs + child.durationMs - (parent.startMs + parent.durationMs);
  const allowedMs = TICK_MS - parent.stretchMs;
  // More than a tick is not the clock's coarseness: the child really went on, and both are shown as they are.
  if (missingMs <= 0 || missingMs > allowedMs) return;
  parent.durationMs += missingMs;
  parent.stretchMs += missingMs;
}

function findWholeMsClocks(spans: readonly SpanView[], clockOf: (index: number) => Clock): Set<Clock> {
  const whole = new Set<Clock>();
  const fractional = new Set<Clock>();
  for (let i = 0; i < spans.length; i++) {
    const { startMs, durationMs } = spans[i] as SpanView;
    const clock = clockOf(i);
    if (Number.isInteger(startMs) && Number.isInteger(durationMs)) whole.add(clock);
    else fractional.add(clock);
  }
  for (const clock of fractional) whole.delete(clock);
  return whole;
}
