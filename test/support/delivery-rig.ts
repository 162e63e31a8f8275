import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { launchBrowser } from './browser.ts';
import { deliveryPage } from './delivery-page.ts';
import { type LedgerState, ledgersOf } from './ledger-reports.ts';
import { type RecordingCollector, startRecordingCollector } from './recording-collector.ts';

/** Pages with the delivery alone, and what reaches the collector from them. */
export interface DeliveryRig {
  readonly collector: RecordingCollector;
  /** Serves the pages. Another origin than the collector, as in production: a preflight would show as an OPTIONS request. */
  readonly site: RecordingCollector;
  /** Opens a page in a new tab; `query` is what `deliveryPage` reads, `before` a script that runs before the page's. */
  visit(query?: Record<string, string>, before?: string): Promise<Page>;
  /** The same address for a page that goes there by itself. */
  address(query?: Record<string, string>, path?: string): string;
  /** Ids of the spans that came, those that came twice included. */
  ids(): string[];
  /** Waits until `count` different spans have come. */
  arrived(count: number): Promise<void>;
  /** What each page said last. */
  ledgers(): LedgerState[];
}

/** Sets it up for the tests of a file: a browser profile of its own for each, which must end without an error on a page. */
export function useDeliveryRig(browserArgs: readonly string[] = []): DeliveryRig {
  let browser: Browser;
  let context: BrowserContext;
  let collector: RecordingCollector;
  let site: RecordingCollector;

  beforeAll(async () => {
    const html = deliveryPage();
    browser = await launchBrowser([...browserArgs]);
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

  const ids = () => collector.spans().map(({ spanId }) => spanId);
  const address: DeliveryRig['address'] = (query = {}, path = '/') =>
    `${site.origin}${path}?${new URLSearchParams({ collector: collector.origin, ...query })}`;
  return {
    get collector() {
      return collector;
    },
    get site() {
      return site;
    },
    address,
    async visit(query, before = '') {
      const page = await context.newPage();
      await page.addInitScript(before);
      await page.goto(address(query));
      return page;
    },
    ids,
    arrived: (count) => vi.waitFor(() => expect(new Set(ids()).size).toBe(count), { timeout: 20_000, interval: 50 }),
    ledgers: () => ledgersOf(collector.logs()),
  };
}
