import { describe, expect, test } from 'vitest';
import { attributesOf, spanWhere, traceparentOf, WAIT } from '../support/agent-page.ts';
import { bundleApp, shopOfEachTest } from '../support/shop-of-each-test.ts';

const visit = shopOfEachTest();
const openApp = (contents: string) =>
  visit.open({ body: () => `<div id="app"></div><script>${bundleApp(contents)}</script>` });

const tracesOf = (path: string) => visit.shop.site.asked(path).map(({ headers }) => traceparentOf(headers).traceId);

describe('applications', () => {
  test('a component whose click sets state and whose effect fetches: one trace, through a timer too', async () => {
    const page = await openApp(`
      import { render } from 'preact';
      import { useEffect, useState } from 'preact/hooks';
      function Cart() {
        const [items, setItems] = useState([]);
        useEffect(() => {
          if (items.length === 1) fetch('/api/price').then((r) => r.json()).then(() => setItems((all) => [...all, 'priced']));
          if (items.length === 2) fetch('/api/stock');
        }, [items.length]);
        return <button onClick={async () => { await fetch('/api/add'); setItems(['one']); }}>{items.length}</button>;
      }
      render(<Cart />, document.getElementById('app'));
    `);
    await page.click('button');
    const root = await spanWhere(visit.shop, page, ({ name }) => name === 'click button');
    await expect
      .poll(() => ['/api/add', '/api/price', '/api/stock'].map(tracesOf), WAIT)
      .toEqual([[root.traceId], [root.traceId], [root.traceId]]);
  });

  test('the application’s own copy of the OpenTelemetry API just works', async () => {
    const page = await openApp(`
      import { propagation, trace, context } from '@opentelemetry/api';
      window.run = () => trace.getTracer('shop').startActiveSpan('checkout', async (span) => {
        trace.getActiveSpan().setAttribute('cart.items', 2);
        await Promise.resolve();
        await fetch('/api/pay');
        const carrier = {};
        propagation.inject(trace.setSpan(context.active(), span), carrier);
        span.end();
        return carrier.traceparent;
      });
    `);
    const injected = await page.evaluate(() => (window as unknown as { run(): Promise<string> }).run());
    const own = await spanWhere(visit.shop, page, ({ name }) => name === 'checkout');
    const pay = await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/pay');
    expect(attributesOf(own)['cart.items']).toBe(2);
    expect(pay).toMatchObject({ traceId: own.traceId, parentSpanId: own.spanId });
    expect(injected).toBe(`00-${own.traceId}-${own.spanId}-03`);
  });

  test('a click while the page still loads has a trace of its own', async () => {
    const page = await visit.open(
      { body: () => `<button onclick="fetch('/api/early')">Go</button><img src="/api/slow.png?delayMs=1500">` },
      '/',
      'commit',
    );
    await page.click('button');
    const root = await spanWhere(visit.shop, page, ({ name }) => name === 'click button');
    const load = await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
    expect(tracesOf('/api/early')).toEqual([root.traceId]);
    expect(load.traceId).not.toBe(root.traceId);
  });

  test('routes of a small single-page application are page views with names', async () => {
    const page = await openApp(`
      const routes = { '/': 'home', '/cart': 'cart' };
      const show = async (path) => { await fetch('/api/view' + path); document.getElementById('app').textContent = routes[path] ?? path };
      document.body.insertAdjacentHTML('beforeend', '<a href="/cart">cart</a>');
      document.querySelector('a').addEventListener('click', (event) => { event.preventDefault(); history.pushState(null, '', event.target.pathname); show('/cart') });
      addEventListener('popstate', () => show(location.pathname));
    `);
    await page.click('a');
    const cart = await spanWhere(visit.shop, page, ({ name }) => name === 'navigation /cart');
    const click = await spanWhere(visit.shop, page, ({ name }) => name === 'click link');
    const view = await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/view/cart');
    expect([cart.parentSpanId, view.parentSpanId]).toEqual([click.spanId, cart.spanId]);
    await page.goBack();
    const home = await spanWhere(visit.shop, page, ({ name }) => name === 'navigation /');
    expect(home.parentSpanId ?? '').toBe('');
    await expect.poll(() => tracesOf('/api/view/'), WAIT).toEqual([home.traceId]);
  });

  test('another OpenTelemetry SDK that was there first keeps its place; its spans are reported, ours are under them', async () => {
    const theirs = bundleApp(`
      import { trace } from '@opentelemetry/api';
      import { WebTracerProvider } from '@opentelemetry/sdk-trace-web';
      const provider = new WebTracerProvider();
      provider.register();
      window.isTheirs = () => trace.getTracerProvider().getDelegate() === provider;
      window.run = () => trace.getTracer('theirs').startActiveSpan('their work', (span) => fetch('/api/under').then(() => span.end()));
    `);
    const page = await visit.open({ head: `<script>${theirs}</script>` });
    await page.evaluate(() => (window as unknown as { run(): Promise<void> }).run());
    const work = await spanWhere(visit.shop, page, ({ name }) => name === 'their work');
    const under = await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/under');
    expect(under).toMatchObject({ traceId: work.traceId, parentSpanId: work.spanId });
    expect(await page.evaluate(() => (window as unknown as { isTheirs(): boolean }).isTheirs())).toBe(true);
  });
});
