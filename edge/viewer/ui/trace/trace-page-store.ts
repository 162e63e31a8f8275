import { batch, computed, signal } from '@preact/signals';
import type { TraceView } from '../../../trace/trace-view.ts';
import { criticalPath } from '../../model/critical-path.ts';
import { readMarkers } from '../../model/markers.ts';
import { searchSpans } from '../../model/search-spans.ts';
import { clampWindow, type TimeWindow } from '../../model/time-scale.ts';
import { createTraceModel, FLAG_ERROR } from '../../model/trace-model.ts';
import { nearestRow, revealSlot, rowOf, visibleRows } from '../../model/visible-rows.ts';

/** State of one opened trace. Everything the panes show is computed from these few signals. */
export function createTraceState(first: TraceView) {
  const model = signal(createTraceModel(first));
  const collapsed = signal<ReadonlySet<number>>(new Set());
  const selected = signal(-1);
  const zoom = signal<TimeWindow | undefined>(undefined);
  const query = signal('');
  const isPathShown = signal(true);

  const path = computed(() => criticalPath(model.value));
  const markers = computed(() => readMarkers(model.value));
  const rows = computed(() => visibleRows(model.value, collapsed.value));
  const window = computed<TimeWindow>(() => zoom.value ?? { fromMs: 0, toMs: model.value.durationMs });
  const matches = computed(() => searchSpans(model.value, query.value));
  const matched = computed<ReadonlySet<number>>(() => new Set(matches.value));
  // Row of each stretch of the critical path: once a change of the rows, not once a frame of scrolling.
  const pathRows = computed(() => path.value.slots.map((slot) => nearestRow(model.value, rows.value, slot)));

  /** Selects a span and opens what hides it. */
  function select(slot: number): void {
    batch(() => {
      if (slot >= 0) collapsed.value = revealSlot(model.peek(), collapsed.peek(), slot);
      selected.value = slot;
    });
  }

  /** The next slot of an ascending list after the selected one, around the end. */
  function selectNext(slots: ArrayLike<number>, direction: 1 | -1): void {
    if (slots.length === 0) return;
    const list = Array.from(slots);
    const from = selected.peek();
    const next =
      direction === 1
        ? (list.find((slot) => slot > from) ?? list[0])
        : (list.filter((slot) => slot < from).pop() ?? list[list.length - 1]);
    select(next as number);
  }

  return {
    model,
    collapsed,
    selected,
    zoom,
    window,
    query,
    isPathShown,
    path,
    markers,
    rows,
    matches,
    matched,
    pathRows,
    select,
    selectNext,
    setZoom(next: TimeWindow | undefined): void {
      const { durationMs } = model.peek();
      const clamped = next && clampWindow(next, durationMs);
      zoom.value = clamped && clamped.toMs - clamped.fromMs < durationMs * 0.9999 ? clamped : undefined;
    },
    toggle(slot: number): void {
      if ((model.peek().childCount[slot] ?? 0) === 0) return;
      const next = new Set(collapsed.peek());
      if (!next.delete(slot)) next.add(slot);
      batch(() => {
        collapsed.value = next;
        if (selected.peek() !== -1 && rowOf(rows.peek(), selected.peek()) === -1) {
          selected.value = rows.peek()[nearestRow(model.peek(), rows.peek(), selected.peek())] ?? -1;
        }
      });
    },
    errorSlots(): number[] {
      const slots: number[] = [];
      for (const [slot, flags] of model.peek().flags.entries()) if (flags & FLAG_ERROR) slots.push(slot);
      return slots;
    },
    /** Takes a newer version of the same trace; what is selected, collapsed and zoomed stays. */
    update(view: TraceView): void {
      const before = model.peek();
      const after = createTraceModel(view);
      const carry = (slot: number) => after.slotOf.get(before.view.spans[slot]?.spanId ?? '') ?? -1;
      batch(() => {
        model.value = after;
        collapsed.value = new Set([...collapsed.peek()].map(carry).filter((slot) => slot !== -1));
        if (selected.peek() !== -1) selected.value = carry(selected.peek());
        if (zoom.peek()) zoom.value = clampWindow(zoom.peek() as TimeWindow, after.durationMs);
      });
    },
  };
}

export type TraceState = ReturnType<typeof createTraceState>;
