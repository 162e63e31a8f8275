import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AgentPage, type AgentSite, spanWhere, startAgentSite } from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';

// The page's wall clock can be set: `window.setClockBy(ms)`.
const SETTABLE = `<script>{
  const now = Date.now.bind(Date);
  let byMs = 0;
  Date.now = () => now() + byMs;
  window.setClockBy = (ms) => { byMs = ms; };
}</script>`;
const ROUTES = 20;

let browser: Browser;
let shop: AgentSite;
let opened: AgentPage;
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  shop = await startAgentSite({ head: SETTABLE });
  opened = await shop.open(browser);
});
afterEach(async () => {
  await opened.close();
  await shop.close();
});
afterAll(() => browser.close());

describe('one clock', () => {
  test('a request never starts before the navigation that made it', async () => {
    await opened.page.evaluate(async (count) => {
      for (let i = 0; i < count; i++) {
        history.pushState(null, '', `/routes/${i}`);
        await (await fetch('/api/route')).text();
      }
    }, ROUTES);
    const requests = () => shop.collector.spans().filter(({ name }) => name === 'GET /api/route');
    const parentOf = (id: string | undefined) => shop.collector.spans().find(({ spanId }) => spanId === id);
    await spanWhere(
      shop,
      opened.page,
      () => requests().length === ROUTES && requests().every(({ parentSpanId }) => parentOf(parentSpanId)),
    );
    const early = requests().filter(
      ({ parentSpanId, startTimeUnixNano }) =>
        BigInt(startTimeUnixNano) < BigInt(parentOf(parentSpanId)?.startTimeUnixNano ?? 0),
    );
    expect(early).toEqual([]);
  });

  test.each([3_600_000, -3_600_000])('a clock set by %i ms tears no request and no activity apart', async (byMs) => {
    await spanWhere(shop, opened.page, ({ name }) => name === 'page load /');
    await opened.page.evaluate(async (ms) => {
      const page = window as unknown as {
        setClockBy(ms: number): void;
        throughline: {
          captureException(error: Error): void;
          trace(name: string, work: () => Promise<unknown>): Promise<unknown>;
        };
      };
      const read = (url: string) => fetch(url).then((answer) => answer.text());
      const alone = read('/api/alone?delayMs=50');
      await page.throughline.trace('work', async () => {
        page.setClockBy(ms);
        page.throughline.captureException(new Error('reads the clock'));
        await alone;
      });
      await read('/api/after?delayMs=50');
    }, byMs);
    await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/after');
    const lengths = shop.collector.spans().map(({ name, startTimeUnixNano, endTimeUnixNano }) => ({
      name,
      ms: Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6,
    }));
    const alone = lengths.find(({ name }) => name === 'GET /api/alone');
    expect(lengths.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['work', 'GET /api/alone', 'GET /api/after']),
    );
    expect(lengths.filter(({ ms }) => ms < 0 || ms > 60_000)).toEqual([]);
    expect(alone?.ms).toBeGreaterThanOrEqual(50);
  });
});
