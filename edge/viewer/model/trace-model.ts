import type { SpanId } from '../../../src/wire/ids.ts';
import { EVENT_EXCEPTION } from '../../../src/wire/names.ts';
import type { EventView, Layer, SpanView, TraceView } from '../../trace/trace-view.ts';
import { readVital, SINCE_NAVIGATION } from './web-vitals.ts';

/** Order of the lanes, from the person to the database. */
export const LAYERS: readonly Layer[] = ['browser', 'edge', 'backend', 'queue'];

export const FLAG_ERROR = 1;
/** An error somewhere below: what a collapsed row must still tell. */
export const FLAG_ERROR_BELOW = 2;
export const FLAG_ORPHAN = 4;
export const FLAG_PUBLIC = 8;

/**
 * A trace as the timeline reads it: one slot a span, in the view's depth-first order, in typed arrays, so that 100,000
 * spans cost a few hundred kilobytes and no object a row.
 */
export interface TraceModel {
  readonly view: TraceView;
  readonly count: number;
  /** Epoch ms of the earliest span's start: what all times count from. An event may come before it. */
  readonly originMs: number;
  /** Slot of the parent; -1 on roots and orphans. */
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  /** Slot after the last descendant: `end[i] - i - 1` is how many there are. */
  readonly end: Int32Array;
  readonly childCount: Int32Array;
  /** ms from `originMs`. */
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  /** Index into `LAYERS`. */
  readonly layer: Uint8Array;
  readonly flags: Uint8Array;
  readonly slotOf: ReadonlyMap<SpanId, number>;
  /** The trace's own events by the slot of the span they name; -1 for those that name none that is here. */
  readonly eventsOf: ReadonlyMap<number, EventView[]>;
  /**
   * From the first start to the last end of a span, ms; never 0. Reaches on to a load's vital (an LCP image nobody
   * traced), at most to twice that; other events may come much later: CLS is final when the page is hidden.
   */
  readonly durationMs: number;
  readonly root: number;
  readonly maxDepth: number;
}

/**
 * Reads a view once, iteratively. The collector promises depth-first order; a span whose parent is not one of the
 * spans open at its place is shown as a root, so that a broken answer costs a line its place and nothing else.
 */
export function createTraceModel(view: TraceView): TraceModel {
  const { spans } = view;
  const count = spans.length;
  const parent = new Int32Array(count).fill(-1);
  const depth = new Int32Array(count);
  const end = new Int32Array(count);
  const childCount = new Int32Array(count);
  const startMs = new Float64Array(count);
  const endMs = new Float64Array(count);
  const layer = new Uint8Array(count);
  const flags = new Uint8Array(count);
  const slotOf = new Map<SpanId, number>();
  const originMs = spans.reduce((least, span) => Math.min(least, span.startMs), spans[0]?.startMs ?? view.startMs);
  let durationMs = 0;
  let maxDepth = 0;

  let previous = -1;
  for (let slot = 0; slot < count; slot += 1) {
    const span = spans[slot] as SpanView;
    const wanted = span.parentSpanId === '' ? -1 : (slotOf.get(span.parentSpanId) ?? -1);
    let open = previous;
    while (open !== -1 && open !== wanted) {
      end[open] = slot;
      open = parent[open] as number;
    }
    if (open !== -1) {
      parent[slot] = open;
      depth[slot] = (depth[open] as number) + 1;
      childCount[open] = (childCount[open] as number) + 1;
      maxDepth = Math.max(maxDepth, depth[slot] as number);
    }
    if (!slotOf.has(span.spanId)) slotOf.set(span.spanId, slot);
    startMs[slot] = span.startMs - originMs;
    endMs[slot] = (startMs[slot] as number) + Math.max(0, span.durationMs);
    durationMs = Math.max(durationMs, endMs[slot] as number);
    layer[slot] = Math.max(0, LAYERS.indexOf(span.layer));
    flags[slot] =
      (span.status === 'error' ? FLAG_ERROR : 0) |
      (span.orphan ? FLAG_ORPHAN : 0) |
      (span.trust === 'public' ? FLAG_PUBLIC : 0);
    previous = slot;
  }
  for (let open = previous; open !== -1; open = parent[open] as number) end[open] = count;

  const eventsOf = groupEvents(view, slotOf, flags);
  const spansMs = durationMs;
  for (const event of view.events) {
    durationMs = Math.max(
      durationMs,
      Math.min(loadVitalMs(event, startMs[slotOf.get(event.spanId) ?? 0] ?? 0), 2 * spansMs),
    );
  }
  for (let slot = count - 1; slot > 0; slot -= 1) {
    const above = parent[slot] as number;
    if (above !== -1 && (flags[slot] as number) & (FLAG_ERROR | FLAG_ERROR_BELOW)) {
      flags[above] = (flags[above] as number) | FLAG_ERROR_BELOW;
    }
  }
  return {
    view,
    count,
    originMs,
    parent,
    depth,
    end,
    childCount,
    startMs,
    endMs,
    layer,
    flags,
    slotOf,
    eventsOf,
    durationMs: durationMs > 0 ? durationMs : 1,
    root: slotOf.get(view.root) ?? 0,
    maxDepth,
  };
}

function loadVitalMs(event: EventView, originMs: number): number {
  const vital = readVital(event);
  return vital && SINCE_NAVIGATION.has(vital.name) ? originMs + vital.value : 0;
}

function groupEvents(
  view: TraceView,
  slotOf: ReadonlyMap<SpanId, number>,
  flags: Uint8Array,
): ReadonlyMap<number, EventView[]> {
  const eventsOf = new Map<number, EventView[]>();
  const add = (slot: number, event: EventView) => {
    const list = eventsOf.get(slot);
    if (list) list.push(event);
    else eventsOf.set(slot, [event]);
    if (slot >= 0 && isException(event)) flags[slot] = (flags[slot] as number) | FLAG_ERROR;
  };
  for (let slot = 0; slot < view.spans.length; slot += 1) {
    for (const event of view.spans[slot]?.events ?? []) add(slot, event);
  }
  for (const event of view.events) add(slotOf.get(event.spanId) ?? -1, event);
  return eventsOf;
}

/** Exceptions are events of a name; older SDKs write them as span events of the same one. */
export function isException(event: EventView): boolean {
  return event.name === EVENT_EXCEPTION;
}

export function spanAt(model: TraceModel, slot: number): SpanView {
  const span = model.view.spans[slot];
  if (!span) throw new RangeError(`No span ${slot} in a trace of ${model.count}`);
  return span;
}
