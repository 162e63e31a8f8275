import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Span, Trace } from '../../demo/run/traces.ts';
import { activityOf, lineOf, queriesOf, type RunningShop, rootOf, startShop, stationsOf } from './running-shop.ts';

/** What rounding may cost: clocks of workers tick in whole milliseconds. */
const NESTING_TOLERANCE_MS = 1;
const VITALS = ['cls', 'fcp', 'inp', 'lcp', 'ttfb'];

let shop: RunningShop;
let trace: Trace;

beforeAll(async () => {
  shop = await startShop();
  const { page, pageErrors } = await shop.newVisitor();
  await page.goto(`${shop.parts.edge.url}/products/3`, { waitUntil: 'load' });
  await measured(page, 'largest-contentful-paint');
  // Any first input gives an INP; a heading starts no work, so no trace of its own.
  await page.getByRole('heading', { name: 'Switchback pack' }).click();
  await measured(page, 'first-input');
  await page.close();
  expect(pageErrors).toEqual([]);
  // Each part sends when it is time for it: the backend may be the last.
  trace = await shop.trace(
    (it) => activityOf(it) === 'page load' && vitalsOf(it).length === VITALS.length && queriesOf(it).length > 0,
  );
}, 120_000);
afterAll(() => shop?.stop());

test('a product page visit is one trace', async () => {
  const traces = await shop.traces();
  expect(traces.map(({ traceId }) => traceId)).toEqual([trace.traceId]);
});

test('the line goes from the page load through document request, worker and backend to the database', () => {
  const lines = queriesOf(trace).map((query) => stationsOf(lineOf(trace, query)));
  expect(lines).toEqual([PRODUCT_LINE, PRODUCT_LINE]);
  const names = queriesOf(trace).map((query) => lineOf(trace, query).map(({ name }) => name))[0];
  expect(names?.slice(2)).toEqual(['GET /products/:id', 'GET', 'GET /products/:id', 'SELECT products']);
});

test('the document request has the address and the worker’s span as its only child', () => {
  const [, document, server] = lineOf(trace, queriesOf(trace)[0] as Span) as [Span, Span, Span];
  expect(document.attributes['url.full']).toBe(`${shop.parts.edge.url}/products/3`);
  expect(trace.spans.filter(({ parentSpanId }) => parentSpanId === document.spanId)).toEqual([server]);
});

test('the root is the page load and says its route and page view', () => {
  expect(rootOf(trace)).toMatchObject({
    parentSpanId: '',
    layer: 'browser',
    service: 'shop-web',
    attributes: { 'throughline.activity': 'page load', 'url.template': '/products/{id}' },
  });
  expect(rootOf(trace).attributes['throughline.page_view.id']).toMatch(/^[0-9a-f]{16}$/);
});

test('children nest in their parents after correction', () => {
  const spans = new Map(trace.spans.map((span) => [span.spanId, span]));
  for (const child of trace.spans) {
    const parent = spans.get(child.parentSpanId);
    if (!parent) continue;
    const what = `${child.name} in ${parent.name}`;
    const childEndMs = child.startMs + child.durationMs;
    const parentEndMs = parent.startMs + parent.durationMs;
    expect(child.startMs, `start of ${what}`).toBeGreaterThanOrEqual(parent.startMs - NESTING_TOLERANCE_MS);
    // A server that hears late that its answer is gone is longer than its client: no clock is wrong, and it starts in it.
    const within = child.durationMs > parent.durationMs + NESTING_TOLERANCE_MS ? child.startMs : childEndMs;
    expect(within, `end of ${what}`).toBeLessThanOrEqual(parentEndMs + NESTING_TOLERANCE_MS);
  }
});

test('ids are 128 and 64 bits and carry the random flag in page and worker', async () => {
  const response = await fetch(`${shop.parts.collector.url}/api/traces/${trace.traceId}?format=otlp`);
  const { resourceSpans } = (await response.json()) as OtlpTrace;
  const seen = new Set<string>();
  for (const { resource, scopeSpans } of resourceSpans) {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    for (const { spans } of scopeSpans) {
      for (const span of spans) {
        expect(span.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(span.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
        // The stock SDK of the backend does not know the random flag.
        if (service !== 'shop-backend') expect((span.flags ?? 0) & 3, `flags of ${span.name}`).toBe(3);
        seen.add(service);
      }
    }
  }
  expect([...seen].sort()).toEqual(['shop-backend', 'shop-edge', 'shop-web']);
});

test('LCP, INP, CLS, FCP and TTFB arrive once, with the page view they belong to', () => {
  expect(vitalsOf(trace)).toEqual(VITALS);
  const pageView = rootOf(trace).attributes['throughline.page_view.id'];
  for (const event of trace.events.filter(({ name }) => name === 'browser.web_vital')) {
    expect(event.attributes['throughline.page_view.id']).toBe(pageView);
    expect(event.spanId).toBe(trace.root);
    expect(event.attributes['browser.web_vital.value']).toBeTypeOf('number');
  }
});

/** Waits until the browser has an entry of this type; it takes a painted frame. */
function measured(page: Page, type: string): Promise<void> {
  return page.evaluate(
    (entryType) =>
      new Promise<void>((resolve) => {
        new PerformanceObserver(() => resolve()).observe({ type: entryType, buffered: true });
      }),
    type,
  );
}

const PRODUCT_LINE = [
  'browser internal shop-web',
  'browser client shop-web',
  'edge server shop-edge',
  'edge client shop-edge',
  'backend server shop-backend',
  'backend client shop-backend',
];

function vitalsOf({ events }: Trace): string[] {
  return events
    .filter(({ name }) => name === 'browser.web_vital')
    .map(({ attributes }) => String(attributes['browser.web_vital.name']))
    .sort();
}

interface OtlpTrace {
  resourceSpans: Array<{
    resource: { attributes: Array<{ key: string; value: { stringValue?: string } }> };
    scopeSpans: Array<{ spans: Array<{ traceId: string; spanId: string; name: string; flags?: number }> }>;
  }>;
}
