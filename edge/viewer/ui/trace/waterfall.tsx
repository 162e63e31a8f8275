import { type Signal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { panWindow, zoomWindow } from '../../model/time-scale.ts';
import { nearestRow, rowOf, toggleSiblings } from '../../model/visible-rows.ts';
import { PathLine } from './path-line.tsx';
import { nameWidth, Splitter } from './splitter.tsx';
import { TimeAxis, TimeLines } from './time-axis.tsx';
import type { TraceState } from './trace-page-store.ts';
import { ROW_PX } from './waterfall-geometry.ts';
import { WaterfallRow } from './waterfall-row.tsx';

/** Rows drawn beyond the edges, so that a fast wheel meets no empty stripe. */
const OVERSCAN_ROWS = 10;
/** What `123 ms` beside a bar takes. */
const LABEL_PX = 64;
/** The drawn stretch moves in steps, so that most scroll events change nothing. */
const STEP_ROWS = 4;

/** The timeline: a tree grid of which only the rows in sight are in the document. */
export function Waterfall({ state }: { state: TraceState }) {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  const widthPx = useSignal(800);
  const timePx = useComputed(() => Math.max(120, widthPx.value - nameWidth.value));
  const range = useComputed(() => visibleRange(top, height, state.rows.value.length));

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      height.value = element.clientHeight;
      widthPx.value = element.clientWidth;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const { rows, model } = state;
  const selected = state.selected.value;
  useEffect(() => {
    const element = scroller.current;
    const row = selected === -1 ? -1 : rowOf(rows.peek(), selected);
    if (!element || row === -1) return;
    const head = element.querySelector<HTMLElement>('.axis')?.offsetHeight ?? 0;
    const from = row * ROW_PX;
    const inView = element.clientHeight - head;
    if (from < element.scrollTop) element.scrollTop = from - ROW_PX;
    else if (from + ROW_PX > element.scrollTop + inView) element.scrollTop = from + 2 * ROW_PX - inView;
  }, [selected]);

  const goTo = (row: number) => {
    const last = rows.peek().length - 1;
    const slot = rows.peek()[Math.max(0, Math.min(last, row))];
    if (slot !== undefined) state.select(slot);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const slot = state.selected.peek();
    const row = slot === -1 ? -1 : nearestRow(model.peek(), rows.peek(), slot);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PX) - 3);
    switch (event.key) {
      case 'ArrowDown':
      case 'j':
        goTo(row + 1);
        break;
      case 'ArrowUp':
      case 'k':
        goTo(row === -1 ? 0 : row - 1);
        break;
      case 'PageDown':
        goTo(row + page);
        break;
      case 'PageUp':
        goTo(row - page);
        break;
      case 'Home':
        goTo(0);
        break;
      case 'End':
        goTo(rows.peek().length - 1);
        break;
      case 'ArrowRight':
        openOrEnter(state, slot);
        break;
      case 'ArrowLeft':
        closeOrLeave(state, slot);
        break;
      case '*':
        if (slot !== -1) state.collapsed.value = toggleSiblings(model.peek(), state.collapsed.peek(), slot);
        break;
      case ' ':
        state.toggle(slot);
        break;
      case 'Enter':
        if (slot === -1) goTo(0);
        else document.getElementById('span-details')?.focus();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onWheel = (event: WheelEvent) => {
    const box = scroller.current?.getBoundingClientRect();
    if (!box) return;
    const { durationMs } = model.peek();
    const pointerShare = (event.clientX - box.left - nameWidth.peek()) / timePx.peek();
    if (event.ctrlKey && pointerShare >= 0) {
      event.preventDefault();
      state.setZoom(zoomWindow(state.window.peek(), Math.exp(event.deltaY * 0.004), pointerShare, durationMs));
    } else if (state.zoom.peek() && (event.deltaX !== 0 || event.shiftKey)) {
      event.preventDefault();
      const delta = event.deltaX || event.deltaY;
      state.setZoom(panWindow(state.window.peek(), delta / timePx.peek(), durationMs));
    }
  };
  useEffect(() => {
    const element = scroller.current;
    // Not passive: a pinch on the timeline zooms the timeline, not the page.
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, []);

  const { from, to } = range.value;
  const shown = rows.value.subarray(from, to);
  const pool = to - from + STEP_ROWS;
  const matched = state.matched.value;
  return (
    <div
      class="waterfall"
      ref={scroller}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
    >
      <TimeAxis state={state} timePx={timePx.value} />
      <Splitter />
      <div
        class="rows"
        role="treegrid"
        tabIndex={0}
        aria-label="Spans of the trace"
        aria-rowcount={rows.value.length}
        aria-activedescendant={selected === -1 ? undefined : `span-${selected}`}
        style={{ height: `${rows.value.length * ROW_PX}px` }}
        onKeyDown={onKeyDown}
        onClick={(event) => onRowClick(event, state)}
        onDblClick={(event) => {
          const slot = slotUnder(event);
          if (slot !== undefined) state.toggle(slot);
        }}
      >
        <TimeLines state={state} timePx={timePx.value} />
        {Array.from(shown, (slot, index) => (
          <WaterfallRow
            key={(from + index) % pool}
            model={model.value}
            slot={slot}
            row={from + index}
            window={state.window.value}
            labelShare={LABEL_PX / timePx.value}
            isSelected={slot === selected}
            isMatch={matched.has(slot)}
            isDimmed={matched.size > 0 && !matched.has(slot)}
            isCollapsed={state.collapsed.value.has(slot)}
          />
        ))}
        {state.isPathShown.value ? <PathLine state={state} from={from} to={to} timePx={timePx.value} /> : null}
      </div>
    </div>
  );
}

function visibleRange(top: Signal<number>, height: Signal<number>, count: number): { from: number; to: number } {
  const first = Math.floor(top.value / ROW_PX / STEP_ROWS) * STEP_ROWS;
  const shown = Math.ceil(height.value / ROW_PX / STEP_ROWS + 1) * STEP_ROWS;
  const from = Math.max(0, first - OVERSCAN_ROWS);
  return { from, to: Math.min(count, first + shown + OVERSCAN_ROWS) };
}

function slotUnder(event: MouseEvent): number | undefined {
  const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-slot]') : null;
  return row ? Number(row.dataset.slot) : undefined;
}

function onRowClick(event: MouseEvent, state: TraceState): void {
  const slot = slotUnder(event);
  if (slot === undefined) return;
  if (event.target instanceof Element && event.target.closest('.row-toggle')) state.toggle(slot);
  else state.select(slot);
}

function openOrEnter(state: TraceState, slot: number): void {
  if (slot === -1 || (state.model.peek().childCount[slot] ?? 0) === 0) return;
  if (state.collapsed.peek().has(slot)) state.toggle(slot);
  else state.select(slot + 1);
}

function closeOrLeave(state: TraceState, slot: number): void {
  if (slot === -1) return;
  const model = state.model.peek();
  if ((model.childCount[slot] ?? 0) > 0 && !state.collapsed.peek().has(slot)) state.toggle(slot);
  else if ((model.parent[slot] ?? -1) !== -1) state.select(model.parent[slot] as number);
}
