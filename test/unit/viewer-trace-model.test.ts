import { describe, expect, test } from 'vitest';
import { criticalPath } from '../../edge/viewer/model/critical-path.ts';
import { describeTrace, listServices } from '../../edge/viewer/model/describe-trace.ts';
import { explainVital } from '../../edge/viewer/model/explain-vital.ts';
import { readMarkers } from '../../edge/viewer/model/markers.ts';
import { createMinimap } from '../../edge/viewer/model/minimap.ts';
import { readHop, readPhases } from '../../edge/viewer/model/request-phases.ts';
import { searchSpans } from '../../edge/viewer/model/search-spans.ts';
import {
  createTraceModel,
  FLAG_ERROR,
  FLAG_ERROR_BELOW,
  LAYERS,
  spanAt,
  type TraceModel,
} from '../../edge/viewer/model/trace-model.ts';
import {
  collapseBelow,
  nearestRow,
  revealSlot,
  rowOf,
  toggleSiblings,
  visibleRows,
} from '../../edge/viewer/model/visible-rows.ts';
import { readVitals } from '../../edge/viewer/model/web-vitals.ts';
import { largeTrace } from '../support/large-traces.ts';
import { type SpanTale, tellTrace } from '../support/trace-tale.ts';
import { failedClick, productPage, queuedOrder } from '../support/viewer-traces.ts';

const tale = (roots: SpanTale[]) => createTraceModel(tellTrace({ traceId: '1'.repeat(32), startMs: 1e12, roots }));
const span = (
  name: string,
  atMs: number,
  ms: number,
  children: SpanTale[] = [],
  more: Partial<SpanTale> = {},
): SpanTale => ({
  name,
  service: 'app',
  layer: 'backend',
  atMs,
  ms,
  children,
  ...more,
});
const named = (model: TraceModel, name: string) => model.view.spans.findIndex((one) => one.name === name);
const names = (model: TraceModel, slots: ArrayLike<number>) => Array.from(slots, (slot) => spanAt(model, slot).name);

describe('the trace model', () => {
  test('reads depth, children and subtree ends from the depth-first order', () => {
    const model = tale([span('a', 0, 10, [span('b', 1, 5, [span('c', 2, 1)]), span('d', 7, 2)]), span('e', 12, 1)]);
    expect([...model.depth]).toEqual([0, 1, 2, 1, 0]);
    expect([...model.end]).toEqual([4, 3, 3, 4, 5]);
    expect([...model.parent]).toEqual([-1, 0, 1, 0, -1]);
    expect([...model.childCount]).toEqual([2, 1, 0, 0, 0]);
    expect(model.durationMs).toBe(13);
  });

  test('shows a span whose parent is not open at its place as a root instead of failing', () => {
    const view = tellTrace({
      traceId: '1'.repeat(32),
      startMs: 0,
      roots: [span('a', 0, 10, [span('b', 1, 5)]), span('c', 2, 2)],
    });
    const late = view.spans[2];
    if (late) late.parentSpanId = view.spans[1]?.spanId ?? '';
    const model = createTraceModel({ ...view, spans: [view.spans[0]!, view.spans[2]!, view.spans[1]!] });
    expect([...model.depth]).toEqual([0, 0, 0]);
  });

  test('carries an error up to every ancestor, and counts an exception as one', () => {
    const model = createTraceModel(failedClick());
    const insert = named(model, 'INSERT cart_items');
    expect(model.flags[insert]! & FLAG_ERROR).toBeTruthy();
    expect(model.flags[0]! & FLAG_ERROR).toBeTruthy();
    expect(model.flags[named(model, 'POST /cart')]! & FLAG_ERROR_BELOW).toBeTruthy();
  });

  test('reaches on to an LCP after the last span, but not to a vital reported at page hide', () => {
    expect(createTraceModel(productPage()).durationMs).toBeCloseTo(2704.2, 3);
  });

  test('holds a chain of 100,000 spans without recursion', () => {
    const view = tellTrace({ traceId: '1'.repeat(32), startMs: 0, roots: [chain(100_000)] });
    const model = createTraceModel(view);
    expect(model.maxDepth).toBe(99_999);
    expect(model.end[0]).toBe(100_000);
    expect(criticalPath(model).slots.length).toBeGreaterThan(0);
    expect(visibleRows(model, new Set([1])).length).toBe(2);
  });
});

function chain(length: number): SpanTale {
  let inner = span('leaf', length, 1);
  for (let depth = length - 1; depth > 0; depth -= 1) inner = span('link', depth, 2 * length - depth, [inner]);
  return inner;
}

describe('visible rows', () => {
  const model = tale([span('a', 0, 10, [span('b', 1, 5, [span('c', 2, 1)]), span('d', 7, 2, [span('f', 7, 1)])])]);

  test('leave out what is below a collapsed span', () => {
    expect(names(model, visibleRows(model, new Set()))).toEqual(['a', 'b', 'c', 'd', 'f']);
    expect(names(model, visibleRows(model, new Set([1])))).toEqual(['a', 'b', 'd', 'f']);
    expect(names(model, visibleRows(model, collapseBelow(model, 1)))).toEqual(['a', 'b', 'd']);
  });

  test('find a slot, or the row that hides it', () => {
    const rows = visibleRows(model, new Set([1]));
    expect(rowOf(rows, 3)).toBe(2);
    expect(rowOf(rows, 2)).toBe(-1);
    expect(nearestRow(model, rows, 2)).toBe(1);
  });

  test('open the ancestors of a span that is to be seen, and only those', () => {
    expect([...revealSlot(model, new Set([0, 1, 3]), 2)]).toEqual([3]);
    const open = new Set<number>();
    expect(revealSlot(model, open, 2)).toBe(open);
  });

  test('close and open a span with its siblings', () => {
    expect([...toggleSiblings(model, new Set(), 1)].sort()).toEqual([1, 3]);
    expect([...toggleSiblings(model, new Set([1, 3]), 3)]).toEqual([]);
  });
});

describe('the critical path', () => {
  const segments = (model: TraceModel) => {
    const path = criticalPath(model);
    return Array.from(
      path.slots,
      (slot, index) => `${spanAt(model, slot).name} ${path.fromMs[index]}-${path.toMs[index]}`,
    );
  };

  test('is the child that ended last, and the span itself in between', () => {
    const model = tale([span('root', 0, 100, [span('a', 10, 30), span('b', 50, 40)])]);
    expect(segments(model)).toEqual(['root 0-10', 'a 10-40', 'root 40-50', 'b 50-90', 'root 90-100']);
  });

  test('counts an overlapping sibling up to where the next began', () => {
    const model = tale([span('root', 0, 100, [span('document', 0, 60), span('script', 40, 50)])]);
    expect(segments(model)).toEqual(['document 0-40', 'script 40-90', 'root 90-100']);
  });

  test('leaves out what starts after its parent ended, and cuts what outlives it', () => {
    const model = tale([span('root', 0, 100, [span('long', 20, 200), span('consumer', 300, 50)])]);
    expect(segments(model)).toEqual(['root 0-20', 'long 20-100']);
  });

  test('partitions the root whatever the clocks say', () => {
    for (const size of [10, 300, 3000]) {
      const model = createTraceModel(largeTrace(size));
      const path = criticalPath(model);
      let at = model.startMs[model.root]!;
      for (const [index, from] of path.fromMs.entries()) {
        expect(from).toBeCloseTo(at, 6);
        at = path.toMs[index]!;
      }
      expect(at).toBeCloseTo(model.endMs[model.root]!, 6);
      expect(path.layerMs.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(at, 4);
    }
    const early = tale([span('root', 10, 20, [span('before', 0, 15), span('in', 26, 2)])]);
    expect(segments(early)).toEqual(['before 10-15', 'root 15-26', 'in 26-28', 'root 28-30']);
  });
});

describe('the minimap', () => {
  test('has a lane a layer and marks where something failed', () => {
    const map = createMinimap(createTraceModel(failedClick()), 100);
    expect(map.lanes.map(({ layer }) => LAYERS[layer])).toEqual(['browser', 'edge', 'backend']);
    expect(map.lanes[2]?.failed.includes(1)).toBe(true);
    expect(map.lanes[2]?.busy[0]).toBe(0);
    expect(map.lanes[2]?.busy[50]).toBe(255);
  });

  test('keeps a span of no width visible', () => {
    const map = createMinimap(tale([span('a', 0, 1000), span('b', 500, 0, [], { layer: 'queue' })]), 10);
    expect(map.lanes[1]?.busy.filter((cell) => cell > 0).length).toBe(1);
  });
});

describe('markers', () => {
  test('stand where the vital happened, and leave out those without a moment', () => {
    const markers = readMarkers(createTraceModel(productPage()));
    expect(markers.map(({ label, atMs }) => `${label} ${Math.round(atMs)}`)).toEqual([
      'TTFB 403',
      'FCP 642',
      'LCP 2704',
    ]);
    expect(markers[2]?.rating).toBe('needs improvement');
  });

  test('show exceptions of log records and of span events', () => {
    const markers = readMarkers(createTraceModel(failedClick()));
    expect(markers.map(({ label }) => label)).toEqual(['Error', 'TypeError']);
  });
});

describe('requests', () => {
  const model = createTraceModel(productPage());

  test('have phases', () => {
    expect(readPhases(spanAt(model, 1)).map(({ name }) => name)).toEqual([
      'dns',
      'connect',
      'tls',
      'request',
      'wait',
      'body',
    ]);
  });

  test('have no phases when the attribute is not what it should be', () => {
    const one = spanAt(model, 1);
    for (const text of ['', 'dns:5-1', 'dns', 'dns:1-2-3', '<b>:1-2', 'a:1e9-2', 7, null]) {
      expect(readPhases({ ...one, attributes: { 'throughline.request.phases': text } })).toEqual([]);
    }
    expect(readPhases({ ...one, attributes: { ...one.attributes, 'throughline.timing.opaque': true } })).toEqual([]);
  });

  test('name the gap to the service that answered', () => {
    const hop = readHop(model, 1);
    expect(spanAt(model, hop?.server ?? 0).service).toBe('shop-edge');
    expect(hop?.outMs).toBeCloseTo(87.2, 3);
    expect(hop?.backMs).toBeCloseTo(107.4, 3);
    expect(readHop(model, named(model, 'SELECT stock'))).toBeUndefined();
  });
});

describe('search', () => {
  const model = createTraceModel(failedClick());

  test('finds names, attributes and exception texts, all words of the query', () => {
    expect(names(model, searchSpans(model, 'sqlite_busy'))).toEqual(['POST /cart']);
    expect(names(model, searchSpans(model, 'INSERT cart_id'))).toEqual(['INSERT cart_items']);
    expect(names(model, searchSpans(model, 'showCart'))).toEqual(['click add to cart']);
    expect(searchSpans(model, '  ').length).toBe(0);
    expect(searchSpans(model, 'no such thing').length).toBe(0);
  });
});

describe('the description in words', () => {
  test('says what it was, how long, what failed and where the time went', () => {
    const model = createTraceModel(failedClick());
    const text = describeTrace(model, criticalPath(model));
    expect(text).toMatch(/^click add to cart in shop-web took 413/);
    expect(text).toContain('6 spans in 3 services: shop-web, shop-edge, shop-backend.');
    expect(text).toContain('6 spans with errors.');
    expect(text).toContain('On the critical path: backend');
  });

  test('lists services in the order the line meets them', () => {
    const services = listServices(createTraceModel(queuedOrder())).map(({ service }) => service);
    expect(services).toEqual(['shop-web', 'shop-edge', 'shop-mailer']);
  });
});

test('a vital is explained by what the page said it is made of', () => {
  const [lcp] = readVitals(productPage());
  if (!lcp) throw new Error('The page has no LCP');
  const { parts, target, url } = explainVital(lcp);
  expect(parts.map(({ title }) => title)).toEqual([
    'Time to first byte',
    'Before loading it',
    'Loading it',
    'Before drawing it',
  ]);
  expect(parts.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(lcp.value, 6);
  expect([target, url]).toEqual(['main>img.hero', 'https://shop.example/images/1042-large.avif']);
  expect(explainVital({ ...lcp, event: { ...lcp.event, attributes: {} } })).toEqual({ parts: [], target: '', url: '' });
});
