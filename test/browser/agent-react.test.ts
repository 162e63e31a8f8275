import type { Route } from 'playwright';
import { describe, expect, test } from 'vitest';
import { attributesOf, spanWhere, traceparentOf, WAIT } from '../support/agent-page.ts';
import { bundleApp, shopOfEachTest } from '../support/shop-of-each-test.ts';

const visit = shopOfEachTest();
const open = (contents: string) =>
  visit.open({ body: () => `<div id="app"></div><script>${bundleApp(contents, 'react')}</script>` });
const tracesOf = (path: string) => visit.shop.site.asked(path).map(({ headers }) => traceparentOf(headers).traceId);
const spanOf = (name: string) => spanWhere(visit.shop, visit.page, (span) => span.name === name);

describe('a React application', () => {
  test('a click that sets state, whose effect fetches, whose answer sets state, whose effect fetches: one trace', async () => {
    const page = await open(`
      import { useEffect, useState } from 'react';
      import { createRoot } from 'react-dom/client';
      function Cart() {
        const [step, setStep] = useState(0);
        useEffect(() => {
          if (step === 1) fetch('/api/price').then((answer) => answer.json()).then(() => setStep(2));
          if (step === 2) fetch('/api/stock');
        }, [step]);
        return <button onClick={() => setStep(1)}>{step}</button>;
      }
      createRoot(document.getElementById('app')).render(<Cart />);
    `);
    await spanOf('page load /');
    await page.click('button');
    const { traceId } = await spanOf('click button');
    await expect.poll(() => ['/api/price', '/api/stock'].map(tracesOf), WAIT).toEqual([[traceId], [traceId]]);
  });

  test('two clicks that overlap are kept apart through state, effects and transitions', async () => {
    const page = await open(`
      import { useEffect, useState, useTransition } from 'react';
      import { createRoot } from 'react-dom/client';
      function Row({ name }) {
        const [step, setStep] = useState(0);
        const [, startTransition] = useTransition();
        useEffect(() => {
          if (step === 0 || step > 3) return;
          fetch('/api/' + name).then((answer) => answer.text()).then(() => startTransition(() => setStep(step + 1)));
        }, [step]);
        return <button id={name} onClick={() => setStep(1)}>{name}</button>;
      }
      createRoot(document.getElementById('app')).render(<><Row name="a" /><Row name="b" /></>);
    `);
    await spanOf('page load /');
    // Both have a request in flight all the time; they are answered in turn, each when React has rendered the last one's
    // answer: what it renders in one task for both cannot be told apart.
    const traces: Record<string, string[]> = { a: [], b: [] };
    const waiting = new Map<string, Route>();
    await page.route('**/api/*', (route) => {
      const name = route.request().url().slice(-1);
      traces[name]?.push(traceparentOf(route.request().headers()).traceId ?? '');
      waiting.set(name, route);
    });
    await page.click('#a');
    await page.click('#b');
    await expect.poll(() => waiting.size, WAIT).toBe(2);
    for (const name of ['a', 'b', 'b', 'a']) {
      const route = waiting.get(name);
      waiting.delete(name);
      await route?.fulfill({ body: 'ok' });
      await expect.poll(() => waiting.has(name), WAIT).toBe(true);
    }
    const [a = [], b = []] = [traces.a, traces.b];
    expect([a.length, new Set(a).size, b.length, new Set(b).size]).toEqual([3, 1, 3, 1]);
    expect(a[0]).not.toBe(b[0]);
  });
});

describe('a React Router application', () => {
  const ROUTER = `
    import { createRoot } from 'react-dom/client';
    import { createBrowserRouter, Link, Outlet, useLoaderData } from 'react-router';
    import { RouterProvider } from 'react-router/dom';
    import { useEffect } from 'react';
    const load = (path) => fetch(path).then((answer) => answer.json());
    function Product() {
      const product = useLoaderData();
      useEffect(() => { load('/api/reviews' + product.path.slice(13)) }, [product]);
      return <h1>{product.path}</h1>;
    }
    const router = createBrowserRouter([{
      path: '/',
      Component: () => <><nav><Link to="/products/1">one</Link> <Link to="/products/2">two</Link></nav><Outlet /></>,
      children: [
        { index: true, Component: () => <h1>home</h1> },
        { path: 'products/:id', Component: Product, loader: ({ params }) => load('/api/products/' + params.id) },
      ],
    }]);
    createRoot(document.getElementById('app')).render(<RouterProvider router={router} />);`;

  test('a link is a click, its loader’s request, a navigation named by its template, and what its page asks for', async () => {
    const page = await open(ROUTER);
    const load = await spanOf('page load /');
    await page.click('text=one');
    const click = await spanOf('click link');
    const navigation = await spanOf('navigation /products/{id}');
    const reviews = await spanOf('GET /api/reviews/{id}');
    expect(click.traceId).not.toBe(load.traceId);
    expect(navigation).toMatchObject({ traceId: click.traceId, parentSpanId: click.spanId });
    expect(attributesOf(navigation)).toMatchObject({ 'url.path': '/products/1', 'url.template': '/products/{id}' });
    expect(tracesOf('/api/products/1')).toEqual([click.traceId]);
    expect(reviews.traceId).toBe(click.traceId);
    // The loader is asked while the old page is shown, the reviews by the new one.
    const viewOf = (span: typeof click) => attributesOf(span)['throughline.page_view.id'];
    expect(viewOf(reviews)).toBe(viewOf(navigation));
    expect(viewOf(await spanOf('GET /api/products/{id}'))).toBe(viewOf(load));
  });

  test('the next link is another trace, and so is going back', async () => {
    const page = await open(ROUTER);
    await spanOf('page load /');
    for (const name of ['one', 'two']) {
      await page.click(`text=${name}`);
      await page.waitForSelector(`h1:has-text("/api/products/${name === 'one' ? 1 : 2}")`);
    }
    await page.goBack();
    await page.waitForSelector('h1:has-text("/api/products/1")');
    await expect.poll(() => tracesOf('/api/products/1').length, WAIT).toBe(2);
    const traces = [...tracesOf('/api/products/1'), ...tracesOf('/api/products/2')];
    expect(new Set(traces).size).toBe(3);
    await expect.poll(() => tracesOf('/api/reviews/1'), WAIT).toEqual(tracesOf('/api/products/1'));
    expect(tracesOf('/api/reviews/2')).toEqual(tracesOf('/api/products/2'));
  });
});
