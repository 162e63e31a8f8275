import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { MAX_KEEPALIVE_BYTES } from '../../src/wire/limits.ts';
import { launchBrowser } from '../support/browser.ts';
import { deliveryPage } from '../support/delivery-page.ts';
import { ledgersOf } from '../support/ledger-reports.ts';
import { type RecordingCollector, startRecordingCollector } from '../support/recording-collector.ts';

let browser: Browser;
let collector: RecordingCollector;
let site: RecordingCollector;
let page: Page;

beforeAll(async () => {
  const html = deliveryPage();
  browser = await launchBrowser();
  collector = await startRecordingCollector(() => html);
  // Another origin than the collector, as in production: a preflight would show as an OPTIONS request.
  site = await startRecordingCollector(() => html);
});
afterAll(async () => {
  await browser.close();
  await collector.close();
  await site.close();
});
beforeEach(async () => {
  collector.requests.length = 0;
  collector.answer(() => undefined);
  page = await browser.newPage();
  await page.goto(`${site.origin}/?collector=${encodeURIComponent(collector.origin)}`);
});
afterEach(async () => {
  expect(await page.evaluate('window.pageErrors ?? []').catch(() => [])).toEqual([]);
  await page.close();
});

const names = () => collector.spans().map(({ name }) => name);
const arrived = (count: number, timeout = 15_000) =>
  vi.waitFor(() => expect(new Set(names()).size).toBe(count), { timeout, interval: 50 });
const ledger = () => ledgersOf(collector.logs())[0];

test('a batch is one simple request: no preflight, no header of ours, key and batch id in the query', async () => {
  await page.evaluate('makeSpans(3, "normal", 10); delivery.flush()');
  await arrived(3);
  expect(collector.requests.map(({ method }) => method)).toEqual(['POST']);
  const [{ url, headers, body }] = collector.requests as [(typeof collector.requests)[0]];
  expect(url.searchParams.get('k')).toBe('pk_test');
  expect(url.searchParams.get('b')).toMatch(/^[0-9a-f]{16}$/);
  expect(headers['content-type'] ?? '').toMatch(/^(text\/plain|$)/);
  expect(headers.cookie).toBeUndefined();
  expect(Math.abs((body.sentAt ?? 0) - Date.now())).toBeLessThan(5000);
});

test('two hundred records go compressed, in few requests, all of them', async () => {
  await page.evaluate('makeSpans(200)');
  await arrived(200);
  expect(collector.requests.every(({ url }) => url.searchParams.get('z') === 'gz')).toBe(true);
  expect(collector.requests.length).toBeLessThanOrEqual(4);
  await page.evaluate('makeSpans(1); delivery.flush()');
  await arrived(201);
  expect(ledger()).toMatchObject({ produced: 201, acknowledged: 201 });
});

test('errors leave before roots, and roots before the rest', async () => {
  await page.evaluate('makeSpans(1, "normal"); makeSpans(1, "root"); makeSpans(1, "error"); delivery.flush()');
  await arrived(3);
  expect(names()).toEqual(['span 3', 'span 2', 'span 1']);
});

test('a busy collector is asked again, later, under the same batch id, and nothing is lost', async () => {
  collector.answer((_, index) => (index < 2 ? { status: 503 } : undefined));
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(() => expect(collector.requests.length).toBe(3), { timeout: 20_000 });
  expect(new Set(collector.requests.map(({ url }) => url.searchParams.get('b'))).size).toBe(1);
  await page.evaluate('makeSpans(1, "error")');
  await arrived(6);
  expect(ledger()).toMatchObject({ produced: 6, acknowledged: 6 });
});

test('a lost connection is retried', async () => {
  collector.answer((_, index) => (index < 1 ? 'reset' : undefined));
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(() => expect(collector.requests.length).toBeGreaterThan(1), { timeout: 20_000 });
  await arrived(5);
});

test.each([400, 401, 403, 404, 500])('a %i is final: not sent again, counted, and said once', async (status) => {
  collector.answer((_, index) =>
    index === 0 ? { status, body: '{"error":"No such key. Copy it from the start page."}' } : undefined,
  );
  await page.evaluate('makeSpans(4, "error")');
  await vi.waitFor(() => expect(collector.requests.length).toBe(1), { timeout: 5000 });
  await page.waitForFunction('warnings.length > 0');
  await page.evaluate('makeSpans(2, "error")');
  await vi.waitFor(() => expect(collector.requests.length).toBe(2), { timeout: 10_000 });
  expect(
    new Set(collector.requests[1]?.body.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.map(({ name }) => name)),
  ).toEqual(new Set(['span 5', 'span 6']));
  expect(ledger()).toMatchObject({ produced: 6, acknowledged: 2, dropped: { refused: 4 }, unknown: 0 });
  expect(await page.evaluate('warnings')).toEqual([
    `The collector answered ${status}: No such key. Copy it from the start page.`,
  ]);
});

test('a batch too large for the collector is split until it fits', async () => {
  const limit = 9000;
  collector.answer(({ body }) => (JSON.stringify(body).length > limit ? { status: 413 } : undefined));
  await page.evaluate('makeSpans(40)');
  await page.evaluate('delivery.flush()');
  const stored = () =>
    collector.requests
      .filter(({ body }) => JSON.stringify(body).length <= limit)
      .flatMap(({ body }) => body.resourceSpans?.flatMap(({ scopeSpans }) => scopeSpans?.[0]?.spans ?? []) ?? []);
  await vi.waitFor(() => expect(new Set(stored().map(({ name }) => name)).size).toBe(40), { timeout: 30_000 });
  expect(stored().length).toBe(40);
});

test('sampling advice reaches the sampler, and an answer that is none does no harm', async () => {
  collector.answer(() => ({ status: 200, body: '{"sampling":{"ratio":0.25}}' }));
  await page.evaluate('makeSpans(1); delivery.flush()');
  await page.waitForFunction('advice.length === 1');
  collector.answer((_, index) => ({
    status: 200,
    body: ['{"sampling":{"ratio":"all"}}', '<p>not JSON', '[]'][index - 1] ?? '',
  }));
  for (let i = 0; i < 4; i++) await page.evaluate('makeSpans(1); delivery.flush()');
  await arrived(5);
  expect(await page.evaluate('advice')).toEqual([{ ratio: 0.25 }]);
  expect(ledger()).toMatchObject({ produced: 5, acknowledged: 5, unknown: 0 });
});

test('a record over the limit is dropped with its reason, and the rest goes on', async () => {
  await page.evaluate('makeSpans(1, "normal", 40000); makeSpans(1); delivery.flush()');
  await arrived(1);
  expect(ledger()).toMatchObject({ produced: 2, acknowledged: 1, dropped: { too_large: 1 }, unknown: 0 });
});

test('after stop nothing is sent, and what was there left before', async () => {
  await page.evaluate('makeSpans(3); delivery.stop(); makeSpans(2)');
  await arrived(3);
  await page.evaluate('delivery.flush()');
  expect(collector.requests.length).toBe(1);
});

test.each(['close', 'link'])('what waits leaves with the page: %s', async (way) => {
  await page.evaluate('makeSpans(100, "normal", 100)');
  if (way === 'close') await page.close({ runBeforeUnload: false });
  else await page.goto(`${site.origin}/next?collector=${encodeURIComponent(collector.origin)}`);
  await arrived(100);
});

test('at exit the most important fits into the platform’s quota, the rest is counted', async () => {
  await page.evaluate(`
    makeSpans(300, 'normal');
    makeSpans(20, 'error');
    addEventListener('pagehide', () => makeSpans(1, 'error'));
  `);
  await page.goto('about:blank');
  await vi.waitFor(() => expect(names().length).toBeGreaterThan(60));
  expect(Math.max(...collector.requests.map(({ wireBytes }) => wireBytes))).toBeLessThanOrEqual(MAX_KEEPALIVE_BYTES);
  for (let i = 301; i <= 320; i++) expect(names()).toContain(`span ${i}`);
});
