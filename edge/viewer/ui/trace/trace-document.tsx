import { useRef } from 'preact/hooks';
import { describeTrace } from '../../model/describe-trace.ts';
import { panWindow, zoomWindow } from '../../model/time-scale.ts';
import { useHotkeys } from '../hotkeys.ts';
import { navigate } from '../location.ts';
import { MinimapView } from './minimap-view.tsx';
import { SpanDetails } from './span-details.tsx';
import { nameWidth } from './splitter.tsx';
import { TraceHeader } from './trace-header.tsx';
import type { TraceState } from './trace-page-store.ts';
import { TraceToolbar } from './trace-toolbar.tsx';
import { Waterfall } from './waterfall.tsx';

/** A trace on the screen: facts, overview, timeline, and the details of one span. */
export function TraceDocument({ state }: { state: TraceState }) {
  const searchField = useRef<HTMLInputElement>(null);
  const { model, window, selected } = state;
  const zoomBy = (factor: number) => () => {
    state.setZoom(zoomWindow(window.peek(), factor, 0.5, model.peek().durationMs));
  };
  const panBy = (share: number) => () => state.setZoom(panWindow(window.peek(), share, model.peek().durationMs));
  useHotkeys({
    j: walkRows,
    k: walkRows,
    ArrowDown: walkRows,
    ArrowUp: walkRows,
    '/': () => searchField.current?.focus(),
    n: () => state.selectNext(state.matches.peek(), 1),
    N: () => state.selectNext(state.matches.peek(), -1),
    e: () => state.selectNext(state.errorSlots(), 1),
    E: () => state.selectNext(state.errorSlots(), -1),
    c: () => {
      state.isPathShown.value = !state.isPathShown.value;
    },
    '+': zoomBy(0.5),
    '=': zoomBy(0.5),
    '-': zoomBy(2),
    '0': () => state.setZoom(undefined),
    '[': panBy(-0.25),
    ']': panBy(0.25),
    z: () => zoomToSelected(state),
    u: () => navigate('/'),
    Escape: () => {
      if (selected.peek() === -1) return false;
      state.select(-1);
      return undefined;
    },
  });
  return (
    <main class={selected.value === -1 ? 'trace-page' : 'trace-page with-details'}>
      <TraceHeader state={state} />
      <p class="spoken" data-summary>
        {describeTrace(model.value, state.path.value)}
      </p>
      <TraceToolbar state={state} searchField={searchField} />
      <div class="trace-body">
        <div class="trace-time" style={{ '--name-width': `${nameWidth.value}px` }}>
          <MinimapView state={state} />
          <Waterfall state={state} />
        </div>
        {selected.value === -1 ? null : <SpanDetails state={state} slot={selected.value} />}
      </div>
    </main>
  );
}

/** Wherever the focus is, the keys of the list walk the rows here as well. */
function walkRows({ key }: KeyboardEvent): void {
  const grid = document.querySelector<HTMLElement>('[role=treegrid]');
  grid?.focus({ preventScroll: true });
  grid?.dispatchEvent(new KeyboardEvent('keydown', { key }));
}

function zoomToSelected({ model, selected, setZoom }: TraceState): void {
  const slot = selected.peek();
  if (slot === -1) return;
  const fromMs = model.peek().startMs[slot] as number;
  const toMs = model.peek().endMs[slot] as number;
  const margin = Math.max((toMs - fromMs) * 0.1, 0.01);
  setZoom({ fromMs: fromMs - margin, toMs: toMs + margin });
}
