import type { Page } from 'playwright';
import { beforeEach, describe, expect, test } from 'vitest';
import type { OtlpLogRecord } from '../../src/wire/otlp.ts';
import { attributesOf, eventWhere, spanWhere } from '../support/agent-page.ts';
import { shopOfEachTest } from '../support/shop-of-each-test.ts';

// What Chromium counts as a soft navigation: an interaction, a new address, and a paint that came of it. `found` says when
// it has told so.
const APP = `<h1>Start</h1><button id="go">Go</button><button id="late">Go later</button><button id="slow">Think</button><script>
  const show = () => { document.querySelector('h1').textContent = 'Another page with a much longer heading than the first one had' };
  go.onclick = async () => { await fetch('/api/next'); history.pushState(null, '', '/products/7'); show(); };
  // A message to oneself comes in a task that only the browser can tie to the click.
  late.onclick = () => { onmessage = () => { history.pushState(null, '', '/late'); show() }; postMessage(0) };
  slow.onclick = () => { for (const start = performance.now(); performance.now() - start < 120; ); slow.textContent = 'Thought' };
  // Web vitals are taken up when the page is idle.
  const whenTakenUp = (done) => requestIdleCallback(() => requestIdleCallback(done));
  new PerformanceObserver(() => whenTakenUp(() => { window.measured = true })).observe({ type: 'event', durationThreshold: 120 });
  new PerformanceObserver((list) => { window.found = list.getEntries().length }).observe({ type: 'soft-navigation' });
</script>`;

const visit = shopOfEachTest();
let page: Page;
beforeEach(async () => {
  page = await visit.open({ body: () => APP });
  await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
});

const goThere = async (button: string) => {
  await page.click(button);
  await page.waitForFunction('window.found');
};

describe('a soft navigation the browser confirms', () => {
  test('is marked as proven under the click it came from, which says when it was painted', async () => {
    await goThere('#go');
    const navigation = await spanWhere(visit.shop, page, ({ name }) => name === 'navigation /products/{id}');
    const click = await spanWhere(visit.shop, page, ({ name }) => name === 'click button');
    expect(navigation).toMatchObject({ traceId: click.traceId, parentSpanId: click.spanId });
    expect(attributesOf(navigation)['throughline.causality']).toBe('proven');
    expect(navigation.links).toBeUndefined();
    expect(attributesOf(click)['throughline.interaction.contentful_paint_ms']).toBeGreaterThan(0);
  });

  test('that follows from work nobody else could tie to the click is linked to it', async () => {
    await goThere('#late');
    const navigation = await spanWhere(visit.shop, page, ({ name }) => name === 'navigation /late');
    expect(attributesOf(navigation)['throughline.causality']).toBe('proven');
    const click = await spanWhere(visit.shop, page, ({ name }) => name === 'click button');
    expect(navigation.links?.map(({ traceId, spanId }) => [traceId, spanId])).toEqual([[click.traceId, click.spanId]]);
  });

  test('has web vitals of its own, in its trace and of its page view; those of the load stay with the load', async () => {
    await goThere('#go');
    const navigation = await spanWhere(visit.shop, page, ({ name }) => name === 'navigation /products/{id}');
    const load = await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
    await page.goto('about:blank');
    const vital = (name: string, isSoft: boolean) =>
      eventWhere(visit.shop, undefined, (event) => {
        const told = attributesOf(event);
        const type = told['browser.web_vital.navigation_type'];
        return told['browser.web_vital.name'] === name && (type === 'soft-navigation') === isSoft;
      });
    for (const name of ['lcp', 'fcp', 'ttfb', 'cls']) {
      const soft = await vital(name, true);
      expect([name, soft.traceId, soft.spanId]).toEqual([name, navigation.traceId, navigation.spanId]);
      expect(attributesOf(soft)).toMatchObject({
        'url.template': '/products/{id}',
        'throughline.page_view.id': attributesOf(navigation)['throughline.page_view.id'],
      });
      const hard = await vital(name, false);
      expect([name, hard.traceId, attributesOf(hard)['url.template']]).toEqual([name, load.traceId, '/']);
    }
  });

  test('has an INP of its own: that of the slow click on its page view', async () => {
    await goThere('#go');
    const navigation = await spanWhere(visit.shop, page, ({ name }) => name === 'navigation /products/{id}');
    await page.click('#slow');
    await page.waitForFunction('window.measured');
    await page.goto('about:blank');
    const isSoftInp = (event: OtlpLogRecord) => {
      const told = attributesOf(event);
      return (
        told['browser.web_vital.name'] === 'inp' && told['browser.web_vital.navigation_type'] === 'soft-navigation'
      );
    };
    const inp = await eventWhere(visit.shop, undefined, isSoftInp);
    expect([inp.traceId, inp.spanId]).toEqual([navigation.traceId, navigation.spanId]);
    expect(attributesOf(inp)).toMatchObject({
      'url.template': '/products/{id}',
      'throughline.page_view.id': attributesOf(navigation)['throughline.page_view.id'],
    });
    expect(attributesOf(inp)['browser.web_vital.value']).toBeGreaterThanOrEqual(120);
    expect(visit.shop.collector.logs().filter(isSoftInp)).toHaveLength(1);
  });
});
