import type { Page } from 'playwright';
import { beforeEach, expect, test, vi } from 'vitest';
import { MAX_KEEPALIVE_BYTES } from '../../src/wire/limits.ts';
import { useDeliveryRig } from '../support/delivery-rig.ts';
import { ledgersOf } from '../support/ledger-reports.ts';

const rig = useDeliveryRig();
let page: Page;
beforeEach(async () => {
  page = await rig.visit();
});

const names = () => rig.collector.spans().map(({ name }) => name);
const ledger = () => rig.ledgers()[0];

test('a batch is one simple request: no preflight, no header of ours, key and batch id in the query', async () => {
  await page.evaluate('makeSpans(3, "normal", 10); delivery.flush()');
  await rig.arrived(3);
  expect(rig.collector.requests.map(({ method }) => method)).toEqual(['POST']);
  const [{ url, headers, body }] = rig.collector.requests as [(typeof rig.collector.requests)[0]];
  expect(url.searchParams.get('k')).toBe('pk_test');
  expect(url.searchParams.get('b')).toMatch(/^[0-9a-f]{16}$/);
  expect(headers['content-type'] ?? '').toMatch(/^(text\/plain|$)/);
  expect(headers.cookie).toBeUndefined();
  expect(Math.abs((body.sentAt ?? 0) - Date.now())).toBeLessThan(5000);
});

test('two hundred records go compressed, in few requests, all of them', async () => {
  await page.evaluate('makeSpans(200)');
  await rig.arrived(200);
  expect(rig.collector.requests.every(({ url }) => url.searchParams.get('z') === 'gz')).toBe(true);
  expect(rig.collector.requests.length).toBeLessThanOrEqual(4);
  await page.evaluate('makeSpans(1); delivery.flush()');
  await rig.arrived(201);
  expect(ledger()).toMatchObject({ produced: 201, acknowledged: 201 });
});

test('errors leave before roots, and roots before the rest', async () => {
  await page.evaluate('makeSpans(1, "normal"); makeSpans(1, "root"); makeSpans(1, "error"); delivery.flush()');
  await rig.arrived(3);
  expect(names()).toEqual(['span 3', 'span 2', 'span 1']);
});

test('a busy collector is asked again, later, under the same batch id, and nothing is lost', async () => {
  rig.collector.answer((_, index) => (index < 2 ? { status: 503 } : undefined));
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(() => expect(rig.collector.requests.length).toBe(3), { timeout: 20_000 });
  expect(new Set(rig.collector.requests.map(({ url }) => url.searchParams.get('b'))).size).toBe(1);
  await page.evaluate('makeSpans(1, "error")');
  await rig.arrived(6);
  expect(ledger()).toMatchObject({ produced: 6, acknowledged: 6 });
});

test('a lost connection is retried', async () => {
  rig.collector.answer((_, index) => (index < 1 ? 'reset' : undefined));
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(() => expect(rig.collector.requests.length).toBeGreaterThan(1), { timeout: 20_000 });
  await rig.arrived(5);
});

test.each([400, 401, 403, 404, 500])('a %i is final: not sent again, counted, and said once', async (status) => {
  rig.collector.answer((_, index) =>
    index === 0 ? { status, body: '{"error":"No such key. Copy it from the start page."}' } : undefined,
  );
  await page.evaluate('makeSpans(4, "error")');
  await vi.waitFor(() => expect(rig.collector.requests.length).toBe(1), { timeout: 5000 });
  await page.waitForFunction('warnings.length > 0');
  await page.evaluate('makeSpans(2, "error")');
  await vi.waitFor(() => expect(rig.collector.requests.length).toBe(2), { timeout: 10_000 });
  expect(
    new Set(rig.collector.requests[1]?.body.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.map(({ name }) => name)),
  ).toEqual(new Set(['span 5', 'span 6']));
  expect(ledger()).toMatchObject({ produced: 6, acknowledged: 2, dropped: { refused: 4 }, unknown: 0 });
  expect(await page.evaluate('warnings')).toEqual([
    `The collector answered ${status}: No such key. Copy it from the start page.`,
  ]);
});

test('a batch too large for the collector is split until it fits', async () => {
  const limit = 9000;
  rig.collector.answer(({ body }) => (JSON.stringify(body).length > limit ? { status: 413 } : undefined));
  await page.evaluate('makeSpans(40)');
  await page.evaluate('delivery.flush()');
  const stored = () =>
    rig.collector.requests
      .filter(({ body }) => JSON.stringify(body).length <= limit)
      .flatMap(({ body }) => body.resourceSpans?.flatMap(({ scopeSpans }) => scopeSpans?.[0]?.spans ?? []) ?? []);
  await vi.waitFor(() => expect(new Set(stored().map(({ name }) => name)).size).toBe(40), { timeout: 30_000 });
  expect(stored().length).toBe(40);
});

test('what is still too large is split down to single records, and the one that is too large alone is counted', async () => {
  const limit = 3500;
  rig.collector.answer(({ body }) => (JSON.stringify(body).length > limit ? { status: 413 } : undefined));
  await page.evaluate('makeSpans(6); makeSpans(1, "normal", 4000); makeSpans(6)');
  const taken = () => rig.collector.requests.filter(({ body }) => JSON.stringify(body).length <= limit);
  const spans = () =>
    taken().flatMap(({ body }) => body.resourceSpans?.flatMap(({ scopeSpans }) => scopeSpans?.[0]?.spans ?? []) ?? []);
  await vi.waitFor(() => expect(spans().length).toBe(12), { timeout: 30_000 });
  expect(new Set(spans().map(({ spanId }) => spanId)).size).toBe(12);
  await page.waitForFunction('warnings.length > 0');
  await page.evaluate('makeSpans(1); delivery.flush()');
  await vi.waitFor(() => expect(spans().length).toBe(13), { timeout: 10_000 });
  const books = ledgersOf(
    taken().flatMap(
      ({ body }) => body.resourceLogs?.flatMap(({ scopeLogs }) => scopeLogs?.[0]?.logRecords ?? []) ?? [],
    ),
  );
  expect(books).toMatchObject([{ produced: 14, acknowledged: 13, dropped: { too_large: 1 }, unknown: 0 }]);
});

test.each([
  [
    'there is no keepalive',
    `delete Request.prototype.keepalive; const { fetch } = window; window.fetch = (url, init) => fetch(url, { ...init, keepalive: false });`,
  ],
  [
    'keepalive is refused',
    `const { fetch } = window; window.fetch = (url, init) => init?.keepalive ? Promise.reject(new TypeError('quota')) : fetch(url, init);`,
  ],
])('where %s, what waits leaves with the page as a beacon', async (_, before) => {
  // Without the two other ways out.
  const leaving = await rig.visit({ store: 'no' }, `delete window.fetchLater; ${before}`);
  await leaving.evaluate('makeSpans(20)');
  await leaving.goto('about:blank');
  await rig.arrived(20);
  expect(ledger()).toMatchObject({ produced: 20, acknowledged: 20, unknown: 0 });
});

test('sampling advice reaches the sampler, and an answer that is none does no harm', async () => {
  rig.collector.answer(() => ({ status: 200, body: '{"sampling":{"ratio":0.25}}' }));
  await page.evaluate('makeSpans(1); delivery.flush()');
  await page.waitForFunction('advice.length === 1');
  rig.collector.answer((_, index) => ({
    status: 200,
    body: ['{"sampling":{"ratio":"all"}}', '<p>not JSON', '[]'][index - 1] ?? '',
  }));
  for (let i = 0; i < 4; i++) await page.evaluate('makeSpans(1); delivery.flush()');
  await rig.arrived(5);
  expect(await page.evaluate('advice')).toEqual([{ ratio: 0.25 }]);
  expect(ledger()).toMatchObject({ produced: 5, acknowledged: 5, unknown: 0 });
});

test('a record over the limit is dropped with its reason, and the rest goes on', async () => {
  await page.evaluate('makeSpans(1, "normal", 40000); makeSpans(1); delivery.flush()');
  await rig.arrived(1);
  expect(ledger()).toMatchObject({ produced: 2, acknowledged: 1, dropped: { too_large: 1 }, unknown: 0 });
});

test('after stop nothing is sent, and what was there left before', async () => {
  await page.evaluate('makeSpans(3); delivery.stop(); makeSpans(2)');
  await rig.arrived(3);
  await page.evaluate('delivery.flush()');
  expect(rig.collector.requests.length).toBe(1);
});

test.each(['close', 'link'])('what waits leaves with the page: %s', async (way) => {
  await page.evaluate('makeSpans(100, "normal", 100)');
  if (way === 'close') await page.close({ runBeforeUnload: false });
  else await page.goto(rig.address({}, '/next'));
  await rig.arrived(100);
});

test('at exit the most important fits into the platform’s quota, the rest is counted', async () => {
  await page.evaluate(`
    makeSpans(300, 'normal');
    makeSpans(20, 'error');
    addEventListener('pagehide', () => makeSpans(1, 'error'));
  `);
  await page.goto('about:blank');
  await vi.waitFor(() => expect(names().length).toBeGreaterThan(60));
  expect(Math.max(...rig.collector.requests.map(({ wireBytes }) => wireBytes))).toBeLessThanOrEqual(
    MAX_KEEPALIVE_BYTES,
  );
  for (let i = 301; i <= 320; i++) expect(names()).toContain(`span ${i}`);
});
