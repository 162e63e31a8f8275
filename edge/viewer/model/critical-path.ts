import { LAYERS, type TraceModel } from './trace-model.ts';

/** What the trace was waiting for, back to front: these stretches do not overlap and together are the root's duration. */
export interface CriticalPath {
  /** Slot of the span that was working; parallel to `fromMs` and `toMs`; by time. */
  readonly slots: Int32Array;
  readonly fromMs: Float64Array;
  readonly toMs: Float64Array;
  /** ms each layer holds of the path, by the order of `LAYERS`. */
  readonly layerMs: readonly number[];
  /** ms each span on the path holds of it. */
  readonly ownMs: ReadonlyMap<number, number>;
}

/**
 * Walks back from the root's end: at any time the child that ended last is what its parent waited for; between children
 * it is the span itself. A child that still ran when a later sibling began counts up to there: a streamed document starts
 * what follows it before its last byte. Children that outlive their parent count up to its end; what starts after it (a consumer of a
 * queue) is not on the path. O(n log n), without recursion.
 */
export function criticalPath(model: TraceModel): CriticalPath {
  const slots: number[] = [];
  const fromMs: number[] = [];
  const toMs: number[] = [];
  const children = childrenByEnd(model);
  const next = new Int32Array(model.count);
  const add = (slot: number, from: number, to: number) => {
    if (!(to > from)) return;
    slots.push(slot);
    fromMs.push(from);
    toMs.push(to);
  };

  if (model.count > 0) {
    // Each frame is a span and the time back to which it still has to be explained.
    const stack: number[] = [model.root];
    const floors: number[] = [model.startMs[model.root] as number];
    let cursor = model.endMs[model.root] as number;
    while (stack.length > 0) {
      const slot = stack[stack.length - 1] as number;
      const start = floors[floors.length - 1] as number;
      const list = children[slot];
      let entered = false;
      while (list && (next[slot] as number) < list.length) {
        const child = list[next[slot] as number] as number;
        next[slot] = (next[slot] as number) + 1;
        const childStart = model.startMs[child] as number;
        const childEnd = Math.min(model.endMs[child] as number, cursor);
        // Behind the cursor already, or over before the parent began (clocks): not what was waited for.
        if (childStart >= cursor || childEnd <= start) continue;
        add(slot, childEnd, cursor);
        cursor = childEnd;
        stack.push(child);
        floors.push(Math.max(start, childStart));
        entered = true;
        break;
      }
      if (entered) continue;
      add(slot, start, cursor);
      cursor = Math.min(cursor, start);
      stack.pop();
      floors.pop();
    }
  }
  slots.reverse();
  fromMs.reverse();
  toMs.reverse();

  const layerMs = LAYERS.map(() => 0);
  const ownMs = new Map<number, number>();
  for (const [index, slot] of slots.entries()) {
    const ms = (toMs[index] as number) - (fromMs[index] as number);
    const layer = model.layer[slot] as number;
    layerMs[layer] = (layerMs[layer] as number) + ms;
    ownMs.set(slot, (ownMs.get(slot) ?? 0) + ms);
  }
  return {
    slots: Int32Array.from(slots),
    fromMs: Float64Array.from(fromMs),
    toMs: Float64Array.from(toMs),
    layerMs,
    ownMs,
  };
}

function childrenByEnd(model: TraceModel): Array<number[] | undefined> {
  const children: Array<number[] | undefined> = new Array(model.count);
  for (let slot = 0; slot < model.count; slot += 1) {
    const above = model.parent[slot] as number;
    if (above === -1) continue;
    const list = children[above];
    if (list) list.push(slot);
    else children[above] = [slot];
  }
  for (const list of children) list?.sort((a, b) => (model.endMs[b] as number) - (model.endMs[a] as number));
  return children;
}
