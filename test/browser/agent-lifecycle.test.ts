import type { Browser } from 'playwright';
import { chromium } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_ARGS, ensureChromium } from '../../scripts/chromium.ts';
import type { Agent } from '../../src/agent.ts';
import { attributesOf, eventWhere, spanWhere, startAgentSite, WAIT } from '../support/agent-page.ts';
import type { RecordedRequest } from '../support/recording-collector.ts';

let browser: Browser;
beforeAll(async () => {
  // Playwright turns the back/forward cache off; these tests are about it.
  browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: CHROMIUM_ARGS,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
});
afterAll(() => browser.close());

test('a page with the agent goes into the back/forward cache, and its return is a page view of its own', async () => {
  const shop = await startAgentSite({ headers: () => ({ 'cache-control': 'max-age=60' }) });
  const { page, close } = await shop.open(browser, '/first');
  const load = await spanWhere(shop, page, ({ name }) => name === 'page load /first');
  await page.goto(`${shop.site.origin}/second`);
  // Playwright loses a page that comes back from the cache, so the page goes back by itself and the agent sends by itself.
  await page.evaluate(() => history.back());
  const restored = await spanWhere(shop, undefined, ({ name }) => name === 'navigation /first');
  expect(restored.traceId).not.toBe(load.traceId);
  expect(attributesOf(restored)).toMatchObject({
    'throughline.activity': 'navigation',
    'throughline.navigation.type': 'back-forward-cache',
  });
  expect(attributesOf(restored)['throughline.page_view.id']).not.toBe(attributesOf(load)['throughline.page_view.id']);
  expect(attributesOf(restored)['session.id']).toBe(attributesOf(load)['session.id']);
  await close();
  await shop.close();
});

test('what a page measures until it is left goes with the last of its spans', async () => {
  const shop = await startAgentSite({ body: () => '<h1>Shop</h1>' });
  const { page, close } = await shop.open(browser, '/first');
  await eventWhere(shop, page, (event) => attributesOf(event)['browser.web_vital.name'] === 'fcp');
  await page.evaluate(() => {
    (window as unknown as { throughline: Agent }).throughline.trace('last', () => {});
    location.href = 'about:blank';
  });
  const spansOf = ({ body }: RecordedRequest) =>
    (body.resourceSpans ?? []).flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans));
  const isLast = (request: RecordedRequest) => spansOf(request).some(({ name }) => name === 'last');
  await expect.poll(() => shop.collector.requests.filter(isLast).length, WAIT).toBe(1);
  const logs = shop.collector.requests
    .find(isLast)
    ?.body.resourceLogs?.flatMap(({ scopeLogs = [] }) => scopeLogs.flatMap(({ logRecords = [] }) => logRecords));
  const vitals = (logs ?? []).map((event) => attributesOf(event)['browser.web_vital.name']);
  expect(vitals).toContain('cls');
  await close();
  await shop.close();
});

test('tabs share a session', async () => {
  const shop = await startAgentSite();
  const { page, close } = await shop.open(browser, '/one');
  const first = await spanWhere(shop, page, ({ name }) => name === 'page load /one');
  const other = await page.context().newPage();
  await other.goto(`${shop.site.origin}/two`);
  const second = await spanWhere(shop, other, ({ name }) => name === 'page load /two');
  expect(attributesOf(second)['session.id']).toBe(attributesOf(first)['session.id']);
  expect(second.traceState).toBe(first.traceState);
  await close();
  await shop.close();
});

test('a prerendered page reports nothing until it is activated, and counts from then', async () => {
  const shop = await startAgentSite({
    body: (url) =>
      url.pathname === '/'
        ? `<a href="/next">next</a><script type="speculationrules">{"prerender":[{"source":"list","urls":["/next"],"eagerness":"immediate"}]}</script>`
        : 'next',
  });
  const { page, close } = await shop.open(browser);
  await expect.poll(() => shop.site.asked('/next').length, { timeout: 15_000 }).toBe(1);
  expect(shop.collector.spans().filter(({ name }) => name === 'page load /next')).toEqual([]);
  await page.click('a');
  await page.waitForURL('**/next');
  const load = await spanWhere(shop, page, ({ name }) => name === 'page load /next');
  const wasPrerendered = await page.evaluate(() => {
    const [timing] = performance.getEntriesByType('navigation') as (PerformanceNavigationTiming & {
      activationStart?: number;
    })[];
    return (timing?.activationStart ?? 0) > 0;
  });
  expect(attributesOf(load)['throughline.navigation.type']).toBe(wasPrerendered ? 'prerender' : 'navigate');
  await close();
  await shop.close();
});
