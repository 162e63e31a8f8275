import { useSignal, useSignalEffect } from '@preact/signals';
import type { RefObject } from 'preact';
import { formatDuration, formatPlural } from '../../model/format.ts';
import { LAYERS } from '../../model/trace-model.ts';
import { collapseBelow } from '../../model/visible-rows.ts';
import { Icon, LAYER_NAMES, LayerMark } from '../icons.tsx';
import type { TraceState } from './trace-page-store.ts';

/** Larger traces are searched when typing pauses: looking through 100,000 spans takes longer than a key stroke. */
const LARGE_SPANS = 5000;
const TYPING_PAUSE_MS = 200;

/** Search within the trace, what to show, and the legend. */
export function TraceToolbar({
  state,
  searchField,
}: {
  state: TraceState;
  searchField: RefObject<HTMLInputElement | null>;
}) {
  const model = state.model.value;
  const typed = useSignal(state.query.peek());
  useSignalEffect(() => {
    const next = typed.value;
    const pauseMs = state.model.peek().count > LARGE_SPANS ? TYPING_PAUSE_MS : 0;
    const timer = setTimeout(() => {
      state.query.value = next;
    }, pauseMs);
    return () => clearTimeout(timer);
  });
  const query = state.query.value.trim();
  const found = state.matches.value.length;
  const isAllOpen = state.collapsed.value.size === 0;
  const zoom = state.zoom.value;
  return (
    <div class="trace-toolbar">
      <label class="field grow">
        <span class="spoken">Search spans</span>
        <Icon name="search" />
        <input
          type="text"
          ref={searchField}
          placeholder="Search spans, attributes, errors…"
          spellcheck={false}
          autocomplete="off"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              state.query.value = typed.peek();
              state.selectNext(state.matches.peek(), event.shiftKey ? -1 : 1);
            }
            if (event.key === 'Escape') {
              typed.value = '';
              state.query.value = '';
              event.currentTarget.blur();
            }
          }}
        />
        <span class="found" role="status">
          {query === '' ? '' : found === 0 ? 'nothing found' : formatPlural(found, 'span')}
        </span>
        <kbd>/</kbd>
      </label>
      <button
        type="button"
        class="button"
        aria-pressed={state.isPathShown.value}
        title="Critical path (c)"
        onClick={() => {
          state.isPathShown.value = !state.isPathShown.value;
        }}
      >
        <span class="path-sample" aria-hidden="true" />
        Critical path
      </button>
      <button
        type="button"
        class="button"
        onClick={() => {
          state.collapsed.value = isAllOpen ? collapseBelow(model, 1) : new Set();
        }}
      >
        {isAllOpen ? 'Collapse' : 'Expand all'}
      </button>
      {zoom ? (
        <button type="button" class="button" onClick={() => state.setZoom(undefined)} title="Whole trace (0)">
          {formatDuration(zoom.toMs - zoom.fromMs)} shown
          <Icon name="close" />
        </button>
      ) : null}
      <ul class="legend" aria-label="Layers">
        {LAYERS.filter((_, layer) => model.layer.includes(layer)).map((layer) => (
          <li key={layer}>
            <LayerMark layer={layer} />
            <span class={`legend-bar bar-fill layer-${layer}`} aria-hidden="true" />
            {LAYER_NAMES[layer]}
          </li>
        ))}
      </ul>
    </div>
  );
}
