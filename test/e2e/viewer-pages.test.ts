import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TraceSummary } from '../../edge/store/trace-store.ts';
import { launchBrowser } from '../support/browser.ts';
import { largeTrace, shopDay } from '../support/large-traces.ts';
import { summarise } from '../support/trace-tale.ts';
import { startViewerServer, type ViewerServer } from '../support/viewer-server.ts';
import { failedClick, productPage, queuedOrder } from '../support/viewer-traces.ts';

let browser: Browser;
let server: ViewerServer;
let page: Page;
let problems: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = await startViewerServer();
  const views = [productPage(), failedClick(), queuedOrder()];
  for (const view of views) server.views.set(view.traceId, view);
  server.summaries = [...views.map(summarise), ...shopDay(120)];
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (401|404|500)|ERR_CONNECTION/.test(message.text()))
      problems.push(message.text());
  });
});
afterEach(async () => {
  await page.close();
  await server.close();
  // Neither an exception nor anything the content security policy or trusted types had to stop.
  expect(problems).toEqual([]);
});

const rowNames = () => page.locator('.row .row-text').allTextContents();
const selectedRow = () => page.locator('.row.selected .row-text').textContent();

describe('the list', () => {
  test('shows a page of traces, and older ones on demand', async () => {
    await page.goto(server.url);
    await page.locator('.trace-row').first().waitFor();
    expect(await page.locator('.trace-row').count()).toBe(50);
    await page.getByRole('button', { name: 'Show older traces' }).click();
    await page.locator('.trace-row').nth(99).waitFor();
    expect(
      new Set(
        await page.locator('.trace-link').evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href)),
      ).size,
    ).toBe(100);
  });

  test.each([390, 360])('and a trace fit into a window of %i px, every button of the header within', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    for (const path of ['/', `/traces/${productPage().traceId}`]) {
      await page.goto(`${server.url}${path}`);
      await page.locator('.trace-row, .row').first().waitFor();
      const outside = await page.evaluate(() => {
        const buttons = [...document.querySelectorAll('.top-bar button, .top-bar a')];
        return buttons.filter((button) => button.getBoundingClientRect().right > innerWidth).length;
      });
      const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
      expect([path, outside, scrolled]).toEqual([path, 0, width]);
    }
  });

  test('keeps its filters in the address, and reads them from there', async () => {
    await page.goto(`${server.url}/?activity=interaction`);
    await page.locator('.trace-row').first().waitFor();
    expect(await page.getByLabel('Activity').inputValue()).toBe('interaction');
    await page.keyboard.press('/');
    await page.keyboard.type('add to cart');
    await page.keyboard.press('Enter');
    await page.getByText('Errors only').click();
    await page.waitForURL(/name=add\+to\+cart&activity=interaction&error=true/);
    await expect.poll(() => page.locator('.trace-name').allTextContents()).toContain('click add to cart');
    expect(new Set(await page.locator('.trace-name').allTextContents())).toEqual(new Set(['click add to cart']));
    await page.getByLabel('At least').fill('soon');
    expect(await page.getByLabel('At least').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('At least').fill('1.5 s');
    await page.waitForURL(/minDurationMs=1500/);
  });

  test('filters by browser, country, release and attributes, with help, errors and the keyboard', async () => {
    await page.goto(server.url);
    await page.locator('.trace-row').first().waitFor();
    expect(await page.getByLabel('Country').isVisible()).toBe(false);
    await page.keyboard.press('a');
    await page.locator('.filters-more:not(.closed)').waitFor();
    const attribute = page.getByRole('textbox', { name: /^Attribute/ });
    expect(await attribute.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await page.locator('.field-help').textContent()).toContain('key=value or a key alone, then Enter');
    await page.keyboard.type('two words = x');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('A key has no spaces');
    expect(await attribute.getAttribute('aria-invalid')).toBe('true');
    expect(page.url()).not.toContain('attribute');
    await attribute.fill('http.route = "/cart and more"');
    await page.keyboard.press('Enter');
    await page.waitForURL(/attribute=http\.route%3D%2Fcart\+and\+more/);
    await page.keyboard.type('db.system.name');
    await page.keyboard.press('Enter');
    await page.waitForURL(/attribute=db\.system\.name$/);
    expect(await page.locator('.condition-value').allTextContents()).toEqual([
      'http.route=/cart and more',
      'db.system.name',
    ]);
    await expect
      .poll(() => server.requests.at(-1))
      .toContain('attribute=http.route%3D%2Fcart+and+more&attribute=db.system.name');
    await page.getByRole('button', { name: 'Remove the condition Attribute' }).first().click();
    await page.waitForURL(/\?attribute=db\.system\.name$/);
    await page.getByLabel('Browser').fill('Safari');
    await page.getByLabel('Country').fill('xyz');
    expect(await page.getByLabel('Country').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Country').fill('ch');
    await page.getByLabel('Device').selectOption('desktop');
    await page.waitForURL(/browser=Safari&device=desktop&country=CH&attribute=db\.system\.name$/);
    await page.reload();
    await page.locator('.filters-more:not(.closed)').waitFor();
    expect(await page.getByLabel('Browser').inputValue()).toBe('Safari');
    await page.getByRole('link', { name: 'Clear' }).click();
    await page.waitForURL(`${server.url}/`);
    await page.locator('.filters-more.closed').waitFor({ state: 'attached' });
  });

  test('shows a session, also when the account of its losses is no account', async () => {
    const { sessionId } = server.summaries.find((summary) => summary.sessionId !== '') as TraceSummary;
    for (const losses of [{ traces: [] }, { agents: { pages: 2, produced: 9, acknowledged: 9 } }]) {
      server.losses = losses;
      await page.goto(`${server.url}/?sessionId=${sessionId}`);
      await page.locator('.trace-row').first().waitFor();
      await expect.poll(() => page.locator('.session-account').count()).toBe('agents' in losses ? 1 : 0);
      expect(await page.getByText('This could not be drawn').count()).toBe(0);
    }
  });

  test('tells a rating by more than colour', async () => {
    await page.goto(`${server.url}/?name=product`);
    const row = page.locator('.trace-row', { has: page.locator(`[data-trace="${productPage().traceId}"]`) });
    expect(await row.locator('.cell-vital').first().textContent()).toBe('2.7\u202fs, needs improvement');
  });

  test('is used with the keyboard alone', async () => {
    await page.goto(server.url);
    await page.locator('.trace-row').first().waitFor();
    for (const key of ['j', 'ArrowDown', 'j', 'k']) await page.keyboard.press(key);
    expect(await page.evaluate(() => document.activeElement?.closest('tr')?.rowIndex)).toBe(2);
    const href = await page.evaluate(() => (document.activeElement as HTMLAnchorElement).href);
    await page.keyboard.press('Enter');
    await page.waitForURL(href);
    await page.goBack();
    await page.locator('.trace-row').first().waitFor();
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').textContent()).toContain('Next, previous trace');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  });

  test('holds new traces back while one reads, and shows them when asked', async () => {
    const [newest, ...rest] = server.summaries.sort((a, b) => b.startMs - a.startMs);
    server.summaries = rest;
    await page.goto(server.url);
    await page.locator('.live-live').waitFor();
    await page.locator('.trace-row').first().hover();
    const before = await page.locator('.trace-name').allTextContents();
    server.summaries = [
      { ...newest!, updatedAtMs: 4e12 },
      { ...rest[0]!, spanCount: 777, updatedAtMs: 4e12 },
      ...rest.slice(1),
    ];
    server.announce();
    await page.getByRole('button', { name: '1 new trace' }).waitFor();
    expect(await page.locator('.trace-name').allTextContents()).toEqual(before);
    expect(await page.locator('.cell-count').first().textContent()).toBe('777');
    await page.keyboard.press('n');
    await expect.poll(() => page.locator('.trace-row').count()).toBe(before.length + 1);
    expect(await page.locator('.trace-link').first().getAttribute('href')).toBe(`/traces/${newest!.traceId}`);
  });

  test('shows new traces by itself while nobody reads, and not while paused', async () => {
    const [newest, ...rest] = server.summaries.sort((a, b) => b.startMs - a.startMs);
    server.summaries = rest;
    await page.goto(server.url);
    await page.locator('.live-live').waitFor();
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    server.summaries = [{ ...newest!, updatedAtMs: 4e12 }, ...rest];
    await page.keyboard.press('p');
    await page.locator('.live-live').waitFor();
    server.announce();
    await expect
      .poll(() => page.locator('.trace-link').first().getAttribute('href'))
      .toBe(`/traces/${newest!.traceId}`);
  });

  test('says what to do when there is nothing yet', async () => {
    server.summaries = [];
    await page.goto(server.url);
    const tag = `<script src="${server.url}/throughline.js" data-key="pk_…" data-service="my-site" crossorigin async></script>`;
    await page.locator('.snippet pre', { hasText: tag }).waitFor();
    server.summaries = shopDay(1);
    server.announce();
    await page.locator('.trace-row').first().waitFor();
    await page.goto(`${server.url}/?name=nothing`);
    await page.getByText('No trace matches').waitFor();
  });

  test('says what to do when the collector fails, refuses or does not answer', async () => {
    server.failure = { status: 500, body: '{"error":"The disk is full."}' };
    await page.goto(server.url);
    await page.getByText('It answered 500: The disk is full.').waitFor();
    server.failure = { status: 502, body: '<html>Bad gateway</html>' };
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('It answered 502').waitFor();
    server.failure = { status: 200, body: 'not json' };
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The answer is not JSON.').waitFor();
    server.failure = undefined;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.trace-row').first().waitFor();
    problems = problems.filter((text) => !text.includes('502'));
  });

  test('asks for the read token and goes on with it', async () => {
    server.readToken = 'open sesame';
    await page.goto(server.url);
    await page.getByLabel('Read token').fill('wrong');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByText('The token was not the right one.').waitFor();
    await page.getByLabel('Read token').fill('open sesame');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.locator('.trace-row').first().waitFor();
    await page.locator('.live-live').waitFor();
  });
});

describe('a trace', () => {
  const product = productPage();

  test('is one tree from browser to database, described in words', async () => {
    await page.goto(`${server.url}/traces/${product.traceId}`);
    await page.locator('.row').first().waitFor();
    expect((await rowNames()).slice(0, 6)).toEqual([
      'page load /product/{id}',
      'GET /product/{id}',
      'GET /product/{id}',
      'GET',
      'GET /products/{id}',
      'SELECT products',
    ]);
    expect(await page.locator('[data-summary]').textContent()).toContain('24 spans in 3 services');
    expect(await page.locator('.row [role=gridcell]').first().getAttribute('aria-label')).toBe(
      'Browser, shop-web: page load /product/{id}',
    );
    expect(await page.locator('.flag').allTextContents()).toEqual([
      'TTFB 403\u202fms, good',
      'FCP 642\u202fms, good',
      'LCP 2.7\u202fs, needs improvement',
    ]);
    expect(await page.title()).toBe('page load /product/{id} · Throughline');
  });

  test('has its ticks, bars and overview on one time axis', async () => {
    await page.goto(`${server.url}/traces/${product.traceId}`);
    await page.locator('.row').first().waitFor();
    const left = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => element.getBoundingClientRect().left);
    expect(Math.abs((await left('.tick')) - (await left('.bar')))).toBeLessThan(1);
    expect(Math.abs((await left('.minimap-area')) - (await left('.bar')))).toBeLessThan(1.5);
    const right = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => element.getBoundingClientRect().right);
    expect(Math.abs((await right('.minimap-area')) - (await right('.row-time')))).toBeLessThan(1.5);
  });

  test('is walked, folded and left with the keyboard as a tree grid', async () => {
    await page.goto(`${server.url}/traces/${product.traceId}`);
    const grid = page.getByRole('treegrid');
    await grid.waitFor();
    await page.keyboard.press('j');
    expect(await selectedRow()).toBe('page load /product/{id}');
    expect(await grid.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    expect(await selectedRow()).toBe('page load /product/{id}');
    for (const key of ['j', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key);
    expect(await selectedRow()).toBe('GET');
    expect(await grid.getAttribute('aria-activedescendant')).toBe(
      await page.locator('.row.selected').getAttribute('id'),
    );
    expect(await page.locator('.row.selected').getAttribute('aria-level')).toBe('4');
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('.row.selected').getAttribute('aria-expanded')).toBe('false');
    expect(await page.locator('.row.selected .row-hidden').textContent()).toBe('+4');
    await page.keyboard.press('ArrowLeft');
    expect(await selectedRow()).toBe('GET /product/{id}');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('*');
    expect(await page.locator('.row').count()).toBe(9);
    await page.keyboard.press('End');
    expect(await selectedRow()).toBe('render reviews');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('span-details');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('treegrid');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.span-details').count()).toBe(0);
    await page.keyboard.press('u');
    await page.waitForURL(`${server.url}/`);
  });

  test('keeps the selected span in the address', async () => {
    const stock = product.spans.find((span) => span.name === 'SELECT stock');
    await page.goto(`${server.url}/traces/${product.traceId}?span=${stock?.spanId}`);
    await page.locator('.span-details h2', { hasText: 'SELECT stock' }).waitFor();
    await page.locator('.row', { hasText: 'SELECT prices' }).click();
    await page.waitForURL(new RegExp(`span=${product.spans.find((span) => span.name === 'SELECT prices')?.spanId}`));
  });

  test('tells of a request its phases, the way to the edge, and its attributes with types', async () => {
    await page.goto(`${server.url}/traces/${product.traceId}`);
    await page.locator('.row', { hasText: 'GET /product/{id}' }).first().click();
    const details = page.locator('.span-details');
    expect(await details.locator('.phases th').allTextContents()).toContain('Waiting for the first byte');
    expect(await details.locator('.hop').textContent()).toContain('on the way 87.2\u202fms');
    expect(await details.locator('tr', { hasText: 'http.response.status_code' }).textContent()).toBe(
      'http.response.status_code200number',
    );
    expect(await details.locator('a[href="https://shop.example/product/1042"]').getAttribute('rel')).toContain(
      'noopener',
    );
    await details.getByRole('button', { name: /shop-edge/ }).click();
    await details.getByText('Clock corrected').waitFor();
    expect(await details.locator('.tag.trusted').count()).toBe(1);
  });

  test('leads to its errors, with their stacks', async () => {
    await page.goto(`${server.url}/traces/${failedClick().traceId}`);
    await page.locator('.row').first().waitFor();
    await page.keyboard.press('e');
    await page.locator('.exception-card h3', { hasText: 'TypeError' }).waitFor();
    expect(await page.locator('.frame').first().textContent()).toBe(
      'showCart https://shop.example/assets/shop-77b0e4aa.js:214:31',
    );
    for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press('e');
    expect(await page.locator('.exception-message').textContent()).toBe('SQLITE_BUSY: database is locked');
    expect(await page.locator('.frame.foreign').count()).toBe(2);
  });

  test('is searched, and shows what matches', async () => {
    await page.goto(`${server.url}/traces/${product.traceId}`);
    await page.locator('.row').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('warehouse');
    await page.getByText('1 span', { exact: true }).waitFor();
    await page.keyboard.press('Enter');
    expect(await selectedRow()).toBe('SELECT stock');
    expect(await page.locator('.row.match').count()).toBe(1);
    await page.keyboard.press('Escape');
    expect(await page.locator('.row.match').count()).toBe(0);
  });

  test('is zoomed by keys and by a drag on the overview, and all of it comes back', async () => {
    await page.goto(`${server.url}/traces/${product.traceId}`);
    await page.locator('.row').first().waitFor();
    const ticks = () => page.locator('.tick').allTextContents();
    const whole = await ticks();
    await page.keyboard.press('+');
    await expect.poll(ticks).not.toEqual(whole);
    await page.keyboard.press('0');
    await expect.poll(ticks).toEqual(whole);
    const box = await page.locator('.minimap-area').boundingBox();
    if (!box) throw new Error('The overview has no place');
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.getByRole('button', { name: /^270\sms shown/ }).waitFor();
    await page.locator('.minimap-area').dblclick({ position: { x: 20, y: 20 } });
    await expect.poll(ticks).toEqual(whole);
  });

  test('draws links to other traces, and follows them', async () => {
    await page.goto(`${server.url}/traces/${queuedOrder().traceId}`);
    await page.locator('.row', { hasText: 'process orders' }).click();
    await page.locator('.span-link a').click();
    await page.waitForURL(new RegExp(`/traces/${product.traceId}\\?span=b000000000000002`));
    await page.locator('.span-details h2', { hasText: 'GET /product/{id}' }).waitFor();
  });

  test('fills in while it grows, without losing the place of who reads', async () => {
    const growing = { ...product, startMs: Date.now() };
    growing.spans = product.spans.map((span) => ({
      ...span,
      startMs: span.startMs - product.startMs + growing.startMs,
    }));
    server.views.set(product.traceId, { ...growing, spans: growing.spans.slice(0, 8), hasRoot: false });
    await page.goto(`${server.url}/traces/${product.traceId}`);
    await page.locator('.note', { hasText: 'The root span has not arrived yet' }).waitFor();
    await page.locator('.row', { hasText: 'SELECT stock' }).click();
    await page.locator('.live-live').waitFor();
    server.views.set(product.traceId, growing);
    server.announce();
    await expect.poll(() => page.getByRole('treegrid').getAttribute('aria-rowcount'), { timeout: 10_000 }).toBe('24');
    expect(await selectedRow()).toBe('SELECT stock');
  });

  test('that is not there says so', async () => {
    await page.goto(`${server.url}/traces/${'0'.repeat(31)}1`);
    await page.getByText('No trace has this id.').waitFor();
  });

  test('of 100,000 spans has but the rows in sight in the document', async () => {
    const large = largeTrace(100_000);
    server.views.set(large.traceId, large);
    await page.goto(`${server.url}/traces/${large.traceId}`);
    await page.locator('.row').first().waitFor();
    expect(await page.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('100000');
    expect(await page.locator('.row').count()).toBeLessThan(80);
    await page.getByRole('treegrid').focus();
    await page.keyboard.press('End');
    await expect.poll(() => page.locator('.row.selected').getAttribute('aria-rowindex')).toBe('100000');
  });
});
