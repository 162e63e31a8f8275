import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { deliveryPage } from '../support/delivery-page.ts';
import { ledgersOf } from '../support/ledger-reports.ts';
import { type RecordingCollector, startRecordingCollector } from '../support/recording-collector.ts';

let browser: Browser;
let context: BrowserContext;
let collector: RecordingCollector;
let site: RecordingCollector;

beforeAll(async () => {
  const html = deliveryPage();
  browser = await launchBrowser(['--disable-back-forward-cache']);
  collector = await startRecordingCollector(() => html);
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
  context = await browser.newContext();
});
afterEach(async () => {
  for (const page of context.pages())
    expect(await page.evaluate('window.pageErrors ?? []').catch(() => [])).toEqual([]);
  await context.close();
});

async function visit(prefix: string, more = ''): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${site.origin}/?collector=${encodeURIComponent(collector.origin)}&prefix=${prefix}${more}`);
  return page;
}
const ids = () => collector.spans().map(({ spanId }) => spanId);
const arrived = (count: number) =>
  vi.waitFor(() => expect(new Set(ids()).size).toBe(count), { timeout: 20_000, interval: 50 });
/** Chunks on the device; -1 while there is no outbox (opening one here would get in its way). */
const inStore = (page: Page) =>
  page.evaluate(async () => {
    const name = 'throughline pk_test';
    if (!(await indexedDB.databases()).some((database) => database.name === name)) return -1;
    return new Promise<number>((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => {
        const count = request.result.transaction('chunks').objectStore('chunks').count();
        count.onsuccess = () => {
          request.result.close();
          resolve(count.result);
        };
      };
    });
  });

test('what a page could not deliver, the next visit delivers, and both ledgers add up', async () => {
  collector.answer(() => ({ status: 503 }));
  const first = await visit('aaaaaaaa');
  await first.evaluate('makeSpans(50); makeSpans(3, "error")');
  await vi.waitFor(async () => expect(await inStore(first)).toBeGreaterThan(0), { timeout: 5000 });
  await first.close();
  collector.requests.length = 0;
  collector.answer(() => undefined);
  const second = await visit('bbbbbbbb');
  await second.evaluate('makeSpans(2)');
  await arrived(55);
  await second.evaluate('makeSpans(1); delivery.flush()');
  await arrived(56);
  await vi.waitFor(async () => expect(await inStore(second)).toBe(0), { timeout: 5000 });
  const ledgers = ledgersOf(collector.logs());
  expect(ledgers.map(({ produced }) => produced).sort()).toEqual([3, 53]);
  for (const { unknown, acknowledged, produced } of ledgers) {
    expect(unknown).toBe(0);
    expect(acknowledged).toBe(produced);
  }
});

test('far more than the exit quota holds is stored while the page is being left, and delivered later', async () => {
  const first = await visit('aaaaaaaa');
  await vi.waitFor(async () => expect(await inStore(first)).toBe(0), { timeout: 5000 });
  await first.evaluate('makeSpans(800); setTimeout(() => { location.href = "about:blank" }, 0)');
  await first.waitForURL('about:blank');
  await first.close();
  await visit('bbbbbbbb');
  await arrived(800);
});

test('a dead page’s chunks are taken over, a live one’s are left to it', async () => {
  collector.answer(({ body }) => (/aaaaaaaa|cccccccc/.test(JSON.stringify(body)) ? { status: 503 } : undefined));
  const live = await visit('aaaaaaaa');
  await live.evaluate('makeSpans(5, "error")');
  // A page looks for leftovers when it comes; this one has done so before there are any.
  await live.waitForFunction('performance.now() > 2500');
  const dead = await visit('cccccccc');
  await dead.evaluate('makeSpans(5, "error")');
  await vi.waitFor(async () => expect(await inStore(live)).toBe(2), { timeout: 5000 });
  // In the same tab, so that the live page does not come to the front and take over itself.
  collector.answer(({ body }) => (JSON.stringify(body).includes('aaaaaaaa') ? { status: 503 } : undefined));
  collector.requests.length = 0;
  await dead.goto(`${site.origin}/?collector=${encodeURIComponent(collector.origin)}&prefix=bbbbbbbb`);
  await dead.evaluate('makeSpans(1, "error")');
  const texts = () => collector.requests.map(({ body }) => JSON.stringify(body));
  await vi.waitFor(() => expect(texts().some((text) => text.includes('cccccccc'))).toBe(true), {
    timeout: 10_000,
  });
  await vi.waitFor(async () => expect(await inStore(dead)).toBe(1), { timeout: 5000 });
  for (const text of texts()) expect(text.includes('aaaaaaaa') && /bbbbbbbb|cccccccc/.test(text)).toBe(false);
});

test('nothing is stored where consent does not allow it', async () => {
  const page = await visit('aaaaaaaa', '&store=no');
  collector.answer(() => ({ status: 503 }));
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(() => expect(collector.requests.length).toBeGreaterThan(1), { timeout: 10_000 });
  expect(await page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
});

test('refused consent empties the device and counts what is forgotten', async () => {
  collector.answer(() => ({ status: 503 }));
  const page = await visit('aaaaaaaa');
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(1), { timeout: 5000 });
  await page.evaluate('delivery.discard()');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(0), { timeout: 5000 });
  collector.answer(() => undefined);
  collector.requests.length = 0;
  await page.evaluate('makeSpans(1, "error")');
  await arrived(1);
  expect(ledgersOf(collector.logs())).toMatchObject([
    { produced: 6, acknowledged: 1, dropped: { stopped: 5 }, unknown: 0 },
  ]);
});

test('a page restored from the back/forward cache goes on where it was', async () => {
  collector.answer(() => ({ status: 503 }));
  const page = await visit('aaaaaaaa');
  await page.evaluate('makeSpans(5, "error"); window.sameDocument = true');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(1), { timeout: 5000 });
  await page.goto(`${site.origin}/?collector=${encodeURIComponent(collector.origin)}&prefix=bbbbbbbb`);
  collector.answer(() => undefined);
  await vi.waitFor(() => expect(ids()).toContain('aaaaaaaa00000005'), { timeout: 10_000 });
  await page.goBack({ waitUntil: 'commit' });
  const reasons = await page.evaluate(
    'JSON.stringify(performance.getEntriesByType("navigation")[0].notRestoredReasons)',
  );
  expect([await page.evaluate('window.sameDocument'), reasons]).toEqual([true, 'null']);
  await page.evaluate('makeSpans(1, "error")');
  await vi.waitFor(() => expect(ids()).toContain('aaaaaaaa00000006'), { timeout: 10_000 });
  for (const { unknown } of ledgersOf(collector.logs())) expect(unknown).toBe(0);
});
