import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { OtlpLogRecord } from '../../src/wire/otlp.ts';
import { type AgentSite, attributesOf, eventWhere, spanWhere, startAgentSite } from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';
import { startSite } from '../support/site.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const P = 'b7ad6b7169203331';

// Slow enough to be measured; `measured` says when the browser has, and when its idle time, which web vitals are taken up
// in, has come since.
const SLOW_CLICK_MS = 80;
const SLOW_CLICK = `<script>
  document.querySelector('button').onclick = ({ target }) => {
    for (const start = performance.now(); performance.now() - start < ${SLOW_CLICK_MS} * (window.times ?? 1); );
    target.textContent = 'done';
  };
  const whenTakenUp = (done) => requestIdleCallback(() => requestIdleCallback(done));
  new PerformanceObserver(() => whenTakenUp(() => (window.measured = true))).observe({ type: 'event', durationThreshold: 40 });
</script>`;

let browser: Browser;
let shop: AgentSite;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterEach(() => shop.close());
afterAll(() => browser.close());

describe('page load', () => {
  test('roots a trace of its own with the document request under it', async () => {
    shop = await startAgentSite({ body: () => '<h1>Shop</h1>' });
    const { page, close } = await shop.open(browser, '/products/42?token=abc');
    const root = await spanWhere(shop, page, ({ name }) => name === 'page load /products/{id}');
    const document = await spanWhere(shop, page, ({ name }) => name === 'GET /products/{id}');
    expect(root.parentSpanId ?? '').toBe('');
    expect(document.parentSpanId).toBe(root.spanId);
    expect(document.traceId).toBe(root.traceId);
    expect(root.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(root.flags).toBe(3);
    expect(root.traceState).toMatch(/^ot=rv:[0-9a-f]{14};th:0$/);
    const attributes = attributesOf(root);
    expect(attributes).toMatchObject({
      'throughline.activity': 'page load',
      'throughline.navigation.type': 'navigate',
      'url.path': '/products/42',
      'url.template': '/products/{id}',
      'url.full': `${shop.site.origin}/products/42?token=REDACTED`,
    });
    expect(attributes['session.id']).toMatch(/^[0-9a-f]{32}$/);
    expect(attributes['throughline.page_view.id']).toMatch(/^[0-9a-f]{16}$/);
    expect(attributes['browser.navigation_timing.load_event_end']).toBeGreaterThan(0);
    expect(attributesOf(document)).toMatchObject({ 'http.request.method': 'GET', 'http.response.status_code': 200 });
    expect(attributesOf(document)['throughline.request.phases']).toMatch(/wait:\d+-\d+/);
    expect(BigInt(document.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(root.startTimeUnixNano));
    expect(BigInt(document.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(root.endTimeUnixNano));
    await close();
  });

  test('tells of the page that was loaded, also where the route changes in the first task', async () => {
    shop = await startAgentSite({ body: () => "<script>history.pushState(null, '', '/second')</script>" });
    const { page, close } = await shop.open(browser, '/first');
    const load = attributesOf(await spanWhere(shop, page, ({ name }) => name === 'page load /first'));
    const navigation = attributesOf(await spanWhere(shop, page, ({ name }) => name === 'navigation /second'));
    expect(load).toMatchObject({ 'url.path': '/first', 'throughline.navigation.type': 'navigate' });
    expect(navigation['throughline.page_view.id']).toMatch(/^[0-9a-f]{16}$/);
    expect(load['throughline.page_view.id']).not.toBe(navigation['throughline.page_view.id']);
    await close();
  });

  test('ends under the consent it began under, also where that changes in the first task', async () => {
    shop = await startAgentSite({ body: () => "<script>throughline.setConsent('minimal')</script>" });
    const { page, close } = await shop.open(browser);
    const load = attributesOf(await spanWhere(shop, page, ({ name }) => name === 'page load /'));
    expect(load).toMatchObject({ 'throughline.end_reason': 'superseded' });
    expect(load['session.id']).toMatch(/^[0-9a-f]{32}$/);
    await close();
  });

  test('joins the trace of the server that rendered the document, under the id the server named', async () => {
    shop = await startAgentSite({ headers: () => ({ 'server-timing': `traceparent;desc="00-${T}-${P}-03"` }) });
    const { page, close } = await shop.open(browser);
    const root = await spanWhere(shop, page, ({ name }) => name === 'page load /');
    const document = await spanWhere(shop, page, ({ spanId }) => spanId === P);
    expect(root.traceId).toBe(T);
    expect(root.parentSpanId ?? '').toBe('');
    expect(root.spanId).not.toBe(P);
    expect(document).toMatchObject({ traceId: T, parentSpanId: root.spanId, name: 'GET /' });
    await close();
  });

  test('reports render-blocking, failed and slow resources, and counts the rest', async () => {
    shop = await startAgentSite({
      head: '<link rel="stylesheet" href="/api/style.css?bytes=10">',
      body: () => `<img src="/api/missing.png?status=404"><img src="/api/a.png"><img src="/api/b.png">`,
    });
    const { page, close } = await shop.open(browser);
    const missing = await spanWhere(shop, page, ({ name, status }) => name === 'resource img' && status?.code === 2);
    expect(attributesOf(missing)).toMatchObject({ 'http.response.status_code': 404, 'error.type': '404' });
    const style = await spanWhere(shop, page, ({ name }) => name === 'resource link');
    expect(attributesOf(style)['browser.resource_timing.render_blocking_status']).toBe('blocking');
    const root = await spanWhere(shop, page, ({ name }) => name === 'page load /');
    expect(attributesOf(root)['throughline.resources']).toMatch(/img:3\/\d+/);
    await close();
  });

  test('tells which resource was the largest paint, also where others were slower', async () => {
    const others = Array.from({ length: 6 }, (_, i) => `<img src="/api/slow${i}.png?delayMs=${300 + i}">`).join('');
    shop = await startAgentSite({ body: () => `<img src="/api/hero.svg">${others}` });
    const { page, close } = await shop.open(browser);
    const hero = await spanWhere(
      shop,
      page,
      (span) => attributesOf(span)['url.full'] === `${shop.site.origin}/api/hero.svg`,
    );
    expect(attributesOf(hero)['throughline.resource.largest_contentful_paint']).toBe(true);
    const marked = shop.collector.spans().filter((span) => JSON.stringify(span).includes('largest_contentful_paint'));
    expect(marked).toHaveLength(1);
    await close();
  });

  test('a request whose server hides its timing is opaque, not one without time', async () => {
    const foreign = await startSite({
      apiHeaders: ({ url }) => ({
        'access-control-allow-origin': '*',
        ...(url.searchParams.has('told') && { 'timing-allow-origin': '*' }),
      }),
    });
    shop = await startAgentSite({
      body: () => `<img src="${foreign.origin}/api/plain.svg"><img src="${foreign.origin}/api/cors.svg" crossorigin>
        <script src="${foreign.origin}/api/code?status=404" crossorigin></script><img src="/api/own.svg">`,
    });
    const { page, close } = await shop.open(browser);
    await page.evaluate(
      (origin) =>
        Promise.all(['hidden', 'shown?told'].map(async (path) => (await fetch(`${origin}/api/${path}`)).text())),
      foreign.origin,
    );
    const opaque = [true, undefined];
    for (const [path, expected] of [
      ['plain.svg', opaque],
      ['cors.svg', opaque],
      ['code', opaque],
      ['hidden', opaque],
      ['shown', [undefined, expect.stringMatching(/wait:\d+-\d+/)]],
      ['own.svg', [undefined, expect.stringMatching(/wait:\d+-\d+/)]],
    ] as const) {
      const span = await spanWhere(shop, page, (found) =>
        String(attributesOf(found)['url.full']).includes(`/api/${path}`),
      );
      const { 'throughline.timing.opaque': isOpaque, 'throughline.request.phases': phases } = attributesOf(span);
      expect([path, isOpaque, phases]).toEqual([path, ...expected]);
    }
    await Promise.all([close(), foreign.close()]);
  });

  test('a page that comes back after the browser discarded it says so', async () => {
    shop = await startAgentSite({
      head: '<script>Object.defineProperty(document, "wasDiscarded", { value: true })</script>',
    });
    const { page, close } = await shop.open(browser);
    const root = await spanWhere(shop, page, ({ name }) => name === 'page load /');
    expect(attributesOf(root)['throughline.navigation.type']).toBe('restore');
    await close();
  });

  test('an INP that grew before it was told is told as a whole', async () => {
    shop = await startAgentSite({ body: () => `<button>slow</button>${SLOW_CLICK}` });
    const { page, close } = await shop.open(browser);
    await spanWhere(shop, page, ({ name }) => name === 'page load /');
    for (const times of [1, 3]) {
      await page.evaluate((slower) => Object.assign(window, { measured: false, times: slower }), times);
      await page.click('button');
      await page.waitForFunction(() => (window as { measured?: boolean }).measured);
    }
    await page.goto('about:blank');
    const isInp = (event: OtlpLogRecord) => attributesOf(event)['browser.web_vital.name'] === 'inp';
    const { 'browser.web_vital.value': value, 'browser.web_vital.delta': delta } = attributesOf(
      await eventWhere(shop, undefined, isInp),
    );
    expect(value).toBeGreaterThanOrEqual(3 * SLOW_CLICK_MS);
    expect(delta).toBe(value);
    expect(shop.collector.logs().filter(isInp)).toHaveLength(1);
    await close();
  });

  test('web vitals and uncaught errors arrive in the trace of the page load', async () => {
    shop = await startAgentSite({
      body: () =>
        '<h1>Shop</h1><button>slow</button>' +
        SLOW_CLICK +
        '<script>setTimeout(() => { throw new TypeError("boom") })</script>',
    });
    const { page, close } = await shop.open(browser);
    const root = await spanWhere(shop, page, ({ name }) => name === 'page load /');
    const error = await eventWhere(shop, page, ({ eventName }) => eventName === 'exception');
    expect(error).toMatchObject({ traceId: root.traceId, spanId: root.spanId, severityNumber: 17 });
    expect(attributesOf(error)).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'boom',
      'throughline.exception.uncaught': true,
    });
    expect(attributesOf(error)['exception.stacktrace']).toContain('TypeError: boom');

    await page.click('button');
    await page.waitForFunction(() => (window as { measured?: boolean }).measured);
    const click = await spanWhere(shop, page, ({ name }) => name === 'click button');
    await page.goto('about:blank');
    for (const vital of ['lcp', 'fcp', 'cls', 'ttfb', 'inp']) {
      const isOfVital = (event: OtlpLogRecord) => attributesOf(event)['browser.web_vital.name'] === vital;
      const record = await eventWhere(shop, undefined, isOfVital);
      expect(record).toMatchObject({ eventName: 'browser.web_vital', traceId: root.traceId, spanId: root.spanId });
      expect(attributesOf(record)['browser.web_vital.value']).toBeGreaterThanOrEqual(0);
      expect(attributesOf(record)['throughline.event.id']).toMatch(/^[0-9a-f]{16}$/);
      expect(attributesOf(record)['throughline.web_vital.interaction.trace_id']).toBe(
        vital === 'inp' ? click.traceId : undefined,
      );
      if (vital !== 'inp') continue;
      // The one interaction there was, told once, in full.
      const { 'browser.web_vital.value': value, 'browser.web_vital.delta': delta } = attributesOf(record);
      expect(value).toBeGreaterThanOrEqual(SLOW_CLICK_MS);
      expect(delta).toBe(value);
      expect(shop.collector.logs().filter(isOfVital)).toHaveLength(1);
    }
    await close();
  });
});
