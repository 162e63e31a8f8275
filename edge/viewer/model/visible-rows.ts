import type { TraceModel } from './trace-model.ts';

/** Slots of the rows to show, in order: all but the descendants of collapsed spans. Linear in what is visible. */
export function visibleRows(model: TraceModel, collapsed: ReadonlySet<number>): Int32Array {
  const rows = new Int32Array(model.count);
  let length = 0;
  for (let slot = 0; slot < model.count; ) {
    rows[length] = slot;
    length += 1;
    slot = collapsed.has(slot) ? (model.end[slot] as number) : slot + 1;
  }
  return rows.subarray(0, length);
}

/** Where a slot stands in the rows; -1 when it is hidden. Rows ascend, so this is a binary search. */
export function rowOf(rows: Int32Array, slot: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = rows[middle] as number;
    if (found === slot) return middle;
    if (found < slot) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** The nearest visible row at or above a slot: where the eye goes when its branch is closed. */
export function nearestRow(model: TraceModel, rows: Int32Array, slot: number): number {
  for (let at = slot; at !== -1; at = model.parent[at] as number) {
    const row = rowOf(rows, at);
    if (row !== -1) return row;
  }
  return 0;
}

/** `collapsed` without the ancestors of a slot, so that it shows; the same set when nothing hides it. */
export function revealSlot(model: TraceModel, collapsed: ReadonlySet<number>, slot: number): ReadonlySet<number> {
  let opened: Set<number> | undefined;
  for (let at = model.parent[slot] as number; at !== -1; at = model.parent[at] as number) {
    if (!collapsed.has(at)) continue;
    opened ??= new Set(collapsed);
    opened.delete(at);
  }
  return opened ?? collapsed;
}

/** Every span with children at or below `depth`. */
export function collapseBelow(model: TraceModel, depth: number): Set<number> {
  const collapsed = new Set<number>();
  for (let slot = 0; slot < model.count; slot += 1) {
    if ((model.childCount[slot] as number) > 0 && (model.depth[slot] as number) >= depth) collapsed.add(slot);
  }
  return collapsed;
}

/** Opens or closes the span and its siblings that have children, as `*` does in trees. */
export function toggleSiblings(model: TraceModel, collapsed: ReadonlySet<number>, slot: number): Set<number> {
  const next = new Set(collapsed);
  const above = model.parent[slot] as number;
  const close = !collapsed.has(slot);
  const last = above === -1 ? model.count : (model.end[above] as number);
  for (let at = above + 1; at < last; at = model.end[at] as number) {
    if ((model.childCount[at] as number) === 0) continue;
    if (close) next.add(at);
    else next.delete(at);
  }
  return next;
}
