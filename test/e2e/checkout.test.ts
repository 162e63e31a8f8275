import { afterAll, beforeAll, expect, test } from 'vitest';
import { activityOf, lineOf, queriesOf, type RunningShop, rootOf, startShop, stationsOf } from './running-shop.ts';

let shop: RunningShop;

beforeAll(async () => {
  shop = await startShop();
}, 60_000);
afterAll(() => shop?.stop());

test('an order goes from the click through the queue to the database, in two traces that know each other', async () => {
  const { page, pageErrors } = await shop.newVisitor();
  await page.goto(`${shop.parts.edge.url}/products/6`, { waitUntil: 'load' });
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByRole('status').getByText('In your cart: 1 piece').waitFor();
  await page.getByRole('link', { name: 'Cart' }).click();
  await page.getByRole('button', { name: 'Place order' }).click();
  await page.getByRole('status').getByText('Order 1 is on its way').waitFor();

  const click = await shop.trace(({ spans }) => spans.some(({ kind }) => kind === 'producer'));
  expect(activityOf(click)).toBe('interaction');
  const sent = click.spans.find(({ kind }) => kind === 'producer') ?? rootOf(click);
  expect(stationsOf(lineOf(click, sent))).toEqual([
    'browser internal shop-web',
    'browser client shop-web',
    'edge server shop-edge',
    'queue producer shop-edge',
  ]);
  expect(queriesOf(click).map(({ name }) => name)).toContain('INSERT orders');

  const packing = await shop.trace((trace) => rootOf(trace).kind === 'consumer' && queriesOf(trace).length > 0);
  expect(rootOf(packing).links).toMatchObject([{ traceId: click.traceId, spanId: sent.spanId }]);
  expect(stationsOf(lineOf(packing, queriesOf(packing)[0] ?? rootOf(packing)))).toEqual([
    'queue consumer shop-edge',
    'edge client shop-edge',
    'backend server shop-backend',
    'backend client shop-backend',
  ]);
  expect(queriesOf(packing).map(({ name }) => name)).toEqual(['UPDATE orders']);
  expect(pageErrors).toEqual([]);
  await page.close();
});
