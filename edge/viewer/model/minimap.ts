import { FLAG_ERROR, LAYERS, type TraceModel } from './trace-model.ts';

/** How the layers were busy over time: for each lane `columns` cells, 0 (idle) to 255 (the busiest cell of the lane). */
export interface Minimap {
  columns: number;
  lanes: readonly MinimapLane[];
}

const MAX_LEVEL = 255;
const MIN_LEVEL = 96;

export interface MinimapLane {
  /** Index into `LAYERS`. */
  layer: number;
  spans: number;
  busy: Uint8Array;
  /** 1 where a failed span of the lane ran. */
  failed: Uint8Array;
}

/**
 * Counts spans a cell by differences at their ends, so the cost is the number of spans plus the number of cells and
 * never their product. Layers without spans have no lane.
 */
export function createMinimap(model: TraceModel, columns: number): Minimap {
  const width = Math.max(1, Math.floor(columns));
  const open = LAYERS.map(() => new Int32Array(width + 1));
  const failed = LAYERS.map(() => new Int32Array(width + 1));
  const spans = LAYERS.map(() => 0);
  const scale = width / model.durationMs;
  for (let slot = 0; slot < model.count; slot += 1) {
    const layer = model.layer[slot] as number;
    const first = cell((model.startMs[slot] as number) * scale, width);
    const last = Math.max(first, cell((model.endMs[slot] as number) * scale - 1e-6, width));
    bump(open[layer], first, last);
    if ((model.flags[slot] as number) & FLAG_ERROR) bump(failed[layer], first, last);
    spans[layer] = (spans[layer] as number) + 1;
  }
  const lanes: MinimapLane[] = [];
  for (const [layer, count] of spans.entries()) {
    if (count === 0) continue;
    lanes.push({ layer, spans: count, busy: levels(open[layer], width), failed: marks(failed[layer], width) });
  }
  return { columns: width, lanes };
}

function cell(position: number, width: number): number {
  return Math.min(width - 1, Math.max(0, Math.floor(position)));
}

function bump(differences: Int32Array | undefined, first: number, last: number): void {
  if (!differences) return;
  differences[first] = (differences[first] as number) + 1;
  differences[last + 1] = (differences[last + 1] as number) - 1;
}

function running(differences: Int32Array | undefined, width: number): Int32Array {
  const counts = new Int32Array(width);
  let count = 0;
  for (let column = 0; column < width; column += 1) {
    count += differences?.[column] ?? 0;
    counts[column] = count;
  }
  return counts;
}

function levels(differences: Int32Array | undefined, width: number): Uint8Array {
  const counts = running(differences, width);
  let most = 1;
  for (const count of counts) if (count > most) most = count;
  // Logarithmic, so that one span beside a burst of a thousand is still seen.
  const scale = most === 1 ? 0 : (MAX_LEVEL - MIN_LEVEL) / Math.log(most);
  const least = most === 1 ? MAX_LEVEL : MIN_LEVEL;
  return Uint8Array.from(counts, (count) => (count === 0 ? 0 : Math.round(least + scale * Math.log(count))));
}

function marks(differences: Int32Array | undefined, width: number): Uint8Array {
  return Uint8Array.from(running(differences, width), (count) => (count > 0 ? 1 : 0));
}
