import type { SpanView } from './trace-view.ts';

/** Parents by index into the spans they were made from; -1 for what has no parent in the trace. */
export interface SpanTree {
  parents: Int32Array;
  /** Index of the root span; -1 without spans. */
  root: number;
  hasRoot: boolean;
  warnings: string[];
}

/**
 * Finds every span's parent. A span that is its own ancestor is cut from its parent and stands as an orphan: what it
 * holds stays visible. Writes `orphan`, and '' over a parent id that was cut.
 */
export function linkSpans(spans: readonly SpanView[]): SpanTree {
  const indexOf = new Map<string, number>();
  for (let i = 0; i < spans.length; i++) indexOf.set((spans[i] as SpanView).spanId, i);
  const parents = new Int32Array(spans.length).fill(-1);
  const warnings: string[] = [];
  let selfParents = 0;
  let roots = 0;
  let provisional = 0;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i] as SpanView;
    if (span.provisional) provisional += 1;
    else if (span.parentSpanId === '') roots += 1;
    else if (span.parentSpanId === span.spanId) {
      cut(span);
      selfParents += 1;
    } else {
      parents[i] = indexOf.get(span.parentSpanId) ?? -1;
      span.orphan = parents[i] === -1;
    }
  }
  const cycles = breakCycles(spans, parents);
  if (selfParents > 0) warnings.push(`${selfParents} span(s) named themselves as parent: shown without one.`);
  if (cycles > 0) warnings.push(`${cycles} circle(s) of parents: each is cut at its earliest span.`);
  if (roots > 1) warnings.push(`${roots} spans have no parent: the earliest is shown as the root.`);
  return { parents, root: findRoot(spans, parents, roots + provisional > 0), hasRoot: roots > 0, warnings };
}

function cut(span: SpanView): void {
  span.parentSpanId = '';
  span.orphan = true;
}

// Every span is walked once: a walk stops at the first span an earlier walk has seen.
function breakCycles(spans: readonly SpanView[], parents: Int32Array): number {
  const walkOf = new Int32Array(spans.length);
  let cycles = 0;
  for (let i = 0; i < spans.length; i++) {
    let at = i;
    while (at !== -1 && walkOf[at] === 0) {
      walkOf[at] = i + 1;
      at = parents[at] as number;
    }
    if (at === -1 || walkOf[at] !== i + 1) continue;
    cycles += 1;
    let earliest = at;
    for (let member = parents[at] as number; member !== at; member = parents[member] as number)
      if ((spans[member] as SpanView).startMs < (spans[earliest] as SpanView).startMs) earliest = member;
    parents[earliest] = -1;
    cut(spans[earliest] as SpanView);
  }
  return cycles;
}

function findRoot(spans: readonly SpanView[], parents: Int32Array, hasRoot: boolean): number {
  let root = -1;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i] as SpanView;
    if (parents[i] !== -1 || (hasRoot && (span.orphan || span.parentSpanId !== ''))) continue;
    if (root === -1 || span.startMs < (spans[root] as SpanView).startMs) root = i;
  }
  return root;
}

/**
 * Indexes depth-first: the root and its descendants first, then other spans without a parent here; siblings by start,
 * then by `sequenceOf` (spans of a worker may all bear one time), then as they came.
 */
export function depthFirst(
  spans: readonly SpanView[],
  tree: SpanTree,
  sequenceOf: (index: number) => number,
): Int32Array {
  const byStart = Int32Array.from(spans, (_, index) => index).sort(
    (a, b) => (spans[a] as SpanView).startMs - (spans[b] as SpanView).startMs || sequenceOf(a) - sequenceOf(b) || a - b,
  );
  // Children as linked lists over typed arrays, filled from the back so that each list is in order.
  const firstChild = new Int32Array(spans.length).fill(-1);
  const nextSibling = new Int32Array(spans.length).fill(-1);
  let firstTop = -1;
  for (let i = byStart.length - 1; i >= 0; i--) {
    const index = byStart[i] as number;
    const parent = tree.parents[index] as number;
    if (parent !== -1) {
      nextSibling[index] = firstChild[parent] as number;
      firstChild[parent] = index;
    } else if (index !== tree.root) {
      nextSibling[index] = firstTop;
      firstTop = index;
    }
  }
  if (tree.root !== -1) {
    nextSibling[tree.root] = firstTop;
    firstTop = tree.root;
  }
  const order = new Int32Array(spans.length);
  const stack = new Int32Array(spans.length + 1);
  let depth = 0;
  let count = 0;
  stack[0] = firstTop;
  while (depth >= 0) {
    const index = stack[depth] as number;
    if (index === -1) {
      depth -= 1;
      continue;
    }
    order[count++] = index;
    stack[depth] = nextSibling[index] as number;
    depth += 1;
    stack[depth] = firstChild[index] as number;
  }
  return order;
}
