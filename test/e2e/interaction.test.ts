import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Trace } from '../../demo/run/traces.ts';
import { activityOf, lineOf, queriesOf, type RunningShop, rootOf, startShop, stationsOf } from './running-shop.ts';

const REQUEST_LINE = [
  'browser internal shop-web',
  'browser client shop-web',
  'edge server shop-edge',
  'edge client shop-edge',
  'backend server shop-backend',
  'backend client shop-backend',
];

let shop: RunningShop;
let page: Page;
let pageErrors: Error[];

beforeAll(async () => {
  shop = await startShop();
}, 60_000);
afterAll(() => shop?.stop());
afterEach(() => page.close());

async function open(path: string): Promise<void> {
  ({ page, pageErrors } = await shop.newVisitor());
  await page.goto(shop.parts.edge.url + path, { waitUntil: 'load' });
}

test('a click on “Add to cart” is one trace from the interaction to the database', async () => {
  await open('/products/1');
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByRole('status').getByText('In your cart: 1 piece').waitFor();

  const trace = await shop.trace(addsToCart);
  expect(activityOf(trace)).toBe('interaction');
  expect(rootOf(trace)).toMatchObject({ parentSpanId: '', attributes: { 'throughline.interaction.type': 'click' } });
  const lines = queriesOf(trace).map((query) => stationsOf(lineOf(trace, query)));
  expect(lines).toEqual(Array(lines.length).fill(REQUEST_LINE));
  expect(queriesOf(trace).map(({ name }) => name)).toContain('INSERT cart_items');
  expect((await shop.traces()).filter(addsToCart)).toHaveLength(1);
  expect(pageErrors).toEqual([]);
});

test('the page is closed right after the click and the spans still arrive', async () => {
  await open('/products/2');
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/cart'));
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await sent;
  await page.close();

  const trace = await shop.trace(
    (it) => addsToCart(it) && rootOf(it).attributes['throughline.end_reason'] === 'page_hidden',
  );
  expect(stationsOf(lineOf(trace, queriesOf(trace)[0] ?? rootOf(trace)))).toEqual(REQUEST_LINE);
});

test('a thrown error arrives with its stack and the trace of the click that threw it', async () => {
  await open('/products/4');
  await page.getByRole('button', { name: 'Preview gift wrap' }).click();

  const trace = await shop.trace(({ events }) => events.some(({ name }) => name === 'exception'));
  expect(activityOf(trace)).toBe('interaction');
  const exception = trace.events.find(({ name }) => name === 'exception');
  expect(exception?.spanId).toBe(trace.root);
  expect(exception?.attributes).toMatchObject({
    'exception.type': 'TypeError',
    'exception.message': expect.stringContaining('paper'),
    'exception.stacktrace': expect.stringMatching(/TypeError: .*\n\s+at .*\/shop\.js:\d+:\d+/),
    'throughline.exception.uncaught': true,
  });
  expect(pageErrors.map(({ name }) => name)).toEqual(['TypeError']);
});

test('a soft navigation to the slow product is one trace down to the slow query', async () => {
  await open('/products/1');
  await page.getByRole('link', { name: 'Summit socks' }).click();
  await page.getByRole('heading', { name: 'Summit socks' }).waitFor();

  const trace = await shop.trace(
    (it) => it.spans.some(({ name }) => name === 'GET /api/products/:id') && queriesOf(it).length > 0,
  );
  const slowest = queriesOf(trace).sort((a, b) => b.durationMs - a.durationMs)[0] ?? rootOf(trace);
  expect(slowest.attributes['db.query.text']).toContain('lower(');
  const line = lineOf(trace, slowest);
  expect(stationsOf(line).slice(-5)).toEqual(REQUEST_LINE.slice(-5));
  expect(slowest.durationMs).toBeGreaterThan(0.5 * (line.at(-2)?.durationMs ?? 0));
});

test('what the document measured stays with its page view, although another one is open when it is sent', async () => {
  await open('/products/8');
  await page.getByRole('link', { name: 'Shop', exact: true }).click();
  await page.getByRole('heading', { name: 'Good things' }).waitFor();
  await page.close();

  const isDocument = (it: Trace) =>
    activityOf(it) === 'page load' && rootOf(it).attributes['url.path'] === '/products/8' && vitalsOf(it).has('inp');
  const document = await shop.trace(isDocument);
  const pageViews = document.events.map(({ attributes }) => attributes['throughline.page_view.id']);
  expect(new Set(pageViews)).toEqual(new Set([rootOf(document).attributes['throughline.page_view.id']]));
});

function vitalsOf({ events }: Trace): Set<unknown> {
  return new Set(events.map(({ attributes }) => attributes['browser.web_vital.name']));
}

function addsToCart(trace: Trace): boolean {
  return trace.spans.some(({ name }) => name === 'POST /api/cart') && queriesOf(trace).length > 0;
}
