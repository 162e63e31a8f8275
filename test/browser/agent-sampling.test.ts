import type { Page } from 'playwright';
import { beforeEach, expect, test } from 'vitest';
import { attributesOf, eventWhere, spanWhere, traceparentOf } from '../support/agent-page.ts';
import { shopOfEachTest } from '../support/shop-of-each-test.ts';

interface PageAgent {
  flush(): Promise<void>;
  setConsent(consent: string): void;
  captureException(error: Error): void;
}
declare const throughline: PageAgent;

const visit = shopOfEachTest();
let page: Page;
beforeEach(async () => {
  page = await visit.open({ attributes: 'data-sample-ratio="0"', body: () => '<button>Go</button>' });
});

test('an unsampled session tells what led to an error and what follows, marked and without a probability', async () => {
  await page.evaluate(() => fetch('/api/before').then((answer) => answer.text()));
  await page.evaluate(() => throughline.flush());
  expect(visit.shop.collector.requests).toEqual([]);
  await page.evaluate(async () => {
    throughline.captureException(new RangeError('wrong'));
    await fetch('/api/after');
  });
  const error = await eventWhere(visit.shop, page, ({ eventName }) => eventName === 'exception');
  const load = await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
  expect(error).toMatchObject({ traceId: load.traceId, flags: 2 });
  for (const name of ['GET /api/before', 'GET /api/after']) {
    const span = await spanWhere(visit.shop, page, (found) => found.name === name);
    const [request] = visit.shop.site.asked(name.slice(4));
    expect(traceparentOf(request?.headers ?? {})).toMatchObject({ spanId: span.spanId, flags: '02' });
    expect([span.flags, span.traceState?.includes('th:')]).toEqual([
      2,
      span.traceState === undefined ? undefined : false,
    ]);
    expect(attributesOf(span)['throughline.sampling.reason']).toBe('error');
  }
  expect(load.traceState).toMatch(/^ot=rv:[0-9a-f]{14}$/);
});

test('a poor web vital is reason enough, also when it is known only as the page is left', async () => {
  await page.evaluate(() => {
    const button = document.querySelector('button') as HTMLButtonElement;
    button.onclick = () => {
      for (const start = performance.now(); performance.now() - start < 650; );
      button.textContent = 'done';
    };
    // Web vitals are taken up when the page is idle.
    const whenTakenUp = (done: () => void) => requestIdleCallback(() => requestIdleCallback(done));
    new PerformanceObserver(() => whenTakenUp(() => Object.assign(window, { measured: true }))).observe({
      type: 'event',
      durationThreshold: 600,
    } as PerformanceObserverInit);
  });
  await page.click('button');
  await page.waitForFunction(() => (window as { measured?: boolean }).measured);
  await page.goto('about:blank');
  const inp = await eventWhere(
    visit.shop,
    undefined,
    (event) => attributesOf(event)['browser.web_vital.name'] === 'inp',
  );
  const click = await spanWhere(visit.shop, undefined, ({ name }) => name === 'click button');
  expect(attributesOf(inp)).toMatchObject({
    'browser.web_vital.rating': 'poor',
    'throughline.sampling.reason': 'web_vital',
    'throughline.web_vital.interaction.trace_id': click.traceId,
  });
});

test('what was held back before a refusal is not told after it', async () => {
  await page.evaluate(async () => {
    await fetch('/api/secret');
    throughline.setConsent('off');
    throughline.setConsent('full');
    throughline.captureException(new Error('wrong'));
  });
  await eventWhere(visit.shop, page, ({ eventName }) => eventName === 'exception');
  expect(JSON.stringify(visit.shop.collector.requests.map(({ body }) => body))).not.toContain('/api/secret');
});
