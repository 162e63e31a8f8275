import { useComputed } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';
import { createMinimap, type MinimapLane } from '../../model/minimap.ts';
import { LAYERS } from '../../model/trace-model.ts';
import { LAYER_NAMES, LayerMark } from '../icons.tsx';
import type { TraceState } from './trace-page-store.ts';

const COLUMNS = 600;
/** A drag shorter than this is a click: it centres the window there instead of making a sliver of one. */
const MIN_DRAG_SHARE = 0.005;

type Drag =
  | { kind: 'new' | 'from' | 'to'; anchor: number }
  | { kind: 'move'; anchor: number; from: number; to: number };

/** The whole trace, a lane a layer, height telling how many spans ran at once; drag to choose what is shown below. */
export function MinimapView({ state }: { state: TraceState }) {
  const model = state.model.value;
  const map = useMemo(() => createMinimap(model, COLUMNS), [model]);
  const area = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | undefined>(undefined);
  const shares = useComputed(() => {
    const { fromMs, toMs } = state.window.value;
    const { durationMs } = state.model.value;
    return { from: fromMs / durationMs, to: toMs / durationMs };
  });
  const { from, to } = shares.value;
  const isZoomed = state.zoom.value !== undefined;

  const shareAt = (event: PointerEvent) => {
    const box = area.current?.getBoundingClientRect();
    return box ? Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) : 0;
  };
  const set = (a: number, b: number) => {
    const { durationMs } = model;
    state.setZoom({ fromMs: Math.min(a, b) * durationMs, toMs: Math.max(a, b) * durationMs });
  };
  const start = (event: PointerEvent) => {
    if (event.button !== 0 || !(event.currentTarget instanceof HTMLElement)) return;
    const at = shareAt(event);
    const part = event.target instanceof HTMLElement ? event.target.dataset.part : undefined;
    if (part === 'from') drag.current = { kind: 'from', anchor: to };
    else if (part === 'to') drag.current = { kind: 'to', anchor: from };
    else if (part === 'window' && isZoomed) drag.current = { kind: 'move', anchor: at, from, to };
    else drag.current = { kind: 'new', anchor: at };
    event.currentTarget.setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  const move = (event: PointerEvent) => {
    const current = drag.current;
    if (!current) return;
    const at = shareAt(event);
    if (current.kind === 'move') set(current.from + at - current.anchor, current.to + at - current.anchor);
    else if (current.kind !== 'new' || Math.abs(at - current.anchor) > MIN_DRAG_SHARE) set(current.anchor, at);
  };
  const stop = () => {
    drag.current = undefined;
  };

  return (
    <section class="minimap" aria-label="Overview by layer">
      <div class="minimap-names" aria-hidden="true">
        {map.lanes.map(({ layer }) => (
          <span key={layer}>
            <LayerMark layer={LAYERS[layer] ?? 'backend'} />
            {LAYER_NAMES[LAYERS[layer] ?? 'backend']}
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys + − 0 [ ] do the same from anywhere */}
      <div
        class="minimap-area"
        ref={area}
        onPointerDown={start}
        onPointerMove={move}
        onPointerUp={stop}
        onPointerCancel={stop}
        onDblClick={() => state.setZoom(undefined)}
      >
        {map.lanes.map((lane) => (
          <LaneView key={lane.layer} lane={lane} columns={map.columns} />
        ))}
        {state.markers.value.map((marker, index) => (
          <span
            key={index}
            class={`minimap-marker ${marker.kind}`}
            style={{ left: `${Math.min(100, (100 * marker.atMs) / model.durationMs)}%` }}
          />
        ))}
        {isZoomed ? (
          <>
            <span class="minimap-shade" style={{ left: '0', width: `${from * 100}%` }} />
            <span class="minimap-shade" style={{ left: `${to * 100}%`, right: '0' }} />
            <span
              class="minimap-window"
              data-part="window"
              style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
            >
              <span class="minimap-handle" data-part="from" />
              <span class="minimap-handle" data-part="to" />
            </span>
          </>
        ) : null}
      </div>
    </section>
  );
}

function LaneView({ lane, columns }: { lane: MinimapLane; columns: number }) {
  const { busy, failed } = useMemo(() => ({ busy: areaPath(lane.busy), failed: markPath(lane.failed) }), [lane]);
  return (
    <svg
      class={`minimap-lane layer-${LAYERS[lane.layer]}`}
      viewBox={`0 0 ${columns} 255`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path class="lane-busy" d={busy} />
      <path class="lane-failed" d={failed} />
    </svg>
  );
}

/** Steps as one closed outline: a run of equal cells costs one line. */
function areaPath(cells: Uint8Array): string {
  let path = 'M0 255';
  let level = 0;
  for (const [column, cell] of cells.entries()) {
    if (cell === level) continue;
    path += `H${column}V${255 - cell}`;
    level = cell;
  }
  return `${path}H${cells.length}V255Z`;
}

function markPath(cells: Uint8Array): string {
  let path = '';
  for (const [column, cell] of cells.entries()) if (cell) path += `M${column} 225h1v30h-1z`;
  return path;
}
