import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { attributesOf, eventWhere, spanWhere, traceparentOf } from '../support/agent-page.ts';
import { shopOfEachTest } from '../support/shop-of-each-test.ts';

const visit = shopOfEachTest();
const spanOf = (name: string) => spanWhere(visit.shop, visit.page, (span) => span.name === name);
const exceptionOf = (type: string) =>
  eventWhere(visit.shop, visit.page, (event) => attributesOf(event)['exception.type'] === type);

describe('a browser that lacks', () => {
  test('the Navigation API: routes are seen by history, fragments and going back', async () => {
    const page = await visit.open({
      head: '<script>delete window.navigation</script>',
      body: () => "<button onclick=\"history.pushState(null, '', '/products/7'); fetch('/api/product')\">Go</button>",
    });
    await spanOf('page load /');
    await page.click('button');
    const click = await spanOf('click button');
    const product = await spanOf('navigation /products/{id}');
    expect(product.parentSpanId).toBe(click.spanId);
    expect((await spanOf('GET /api/product')).parentSpanId).toBe(product.spanId);
    await page.evaluate(() => history.back());
    expect((await spanOf('navigation /')).traceId).not.toBe(click.traceId);
    await page.evaluate(() => {
      location.hash = '#/cart';
    });
    // The fragment is no part of the route, but makes it another page view.
    const home = await spanOf('navigation /');
    const cart = await spanWhere(
      visit.shop,
      page,
      ({ name, spanId }) => name === 'navigation /' && spanId !== home.spanId,
    );
    expect(attributesOf(cart)['throughline.page_view.id']).not.toBe(attributesOf(home)['throughline.page_view.id']);
    expect(await page.evaluate(() => history.pushState.toString())).toBe('function pushState() { [native code] }');
  });

  test('long animation frames: long tasks are told, under the click that is open', async () => {
    const page = await visit.open({
      head: `<script>
        const types = PerformanceObserver.supportedEntryTypes.filter((type) => type !== 'long-animation-frame');
        Object.defineProperty(PerformanceObserver, 'supportedEntryTypes', { value: types });
      </script>`,
      body: () =>
        `<button onclick="fetch('/api/x?delayMs=400'); for (const start = performance.now(); performance.now() - start < 150; );">Go</button>`,
    });
    await spanOf('page load /');
    await page.click('button');
    const click = await spanOf('click button');
    const task = await spanWhere(
      visit.shop,
      page,
      ({ name, parentSpanId }) => name === 'long task' && parentSpanId === click.spanId,
    );
    expect(Number(BigInt(task.endTimeUnixNano) - BigInt(task.startTimeUnixNano)) / 1e6).toBeGreaterThanOrEqual(100);
  });
});

describe('what else is told', () => {
  test('a violation of the content security policy, without what is secret in its address', async () => {
    await visit.open({
      headers: () => ({ 'content-security-policy': "img-src 'none'" }),
      body: () => '<img src="/api/blocked.png?token=secret">',
    });
    const violation = attributesOf(await exceptionOf('SecurityPolicyViolation'));
    expect(violation['exception.message']).toBe(
      `img-src blocked ${visit.shop.site.origin}/api/blocked.png?token=REDACTED`,
    );
    expect(violation['throughline.exception.uncaught']).toBe(true);
  });

  test('of an interaction’s element only the data-* attributes that the site names', async () => {
    const page = await visit.open({
      attributes: 'data-target-data="product, missing"',
      body: () => `<button data-product="p-7" data-email="a@b.example" onclick="fetch('/api/x')">Buy</button>`,
    });
    await page.click('button');
    const click = await spanOf('click button');
    const told = Object.entries(attributesOf(click)).filter(([name]) => name.includes('.target.data.'));
    expect(told).toEqual([['throughline.interaction.target.data.product', 'p-7']]);
    expect(JSON.stringify(click)).not.toMatch(/a@b|Buy/);
  });

  test('the operation of a GraphQL request, named by the site; a function that throws costs nothing', async () => {
    const page = await visit.open();
    const { outputFiles } = buildSync({
      stdin: {
        contents: `import { start } from './dist/index.js'; throughline.stop(); start({ key: 'pk', collector: '${visit.shop.collector.origin}', graphql: (url, body) => url.pathname === '/api/graphql' ? JSON.parse(body).operationName : undefined });`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      write: false,
      format: 'iife',
    });
    await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
    const statuses = await page.evaluate(async () => {
      const ask = async (body: string) => (await fetch('/api/graphql', { method: 'POST', body })).status;
      return [await ask('{"operationName":"Cart"}'), await ask('no JSON')];
    });
    expect(statuses).toEqual([200, 200]);
    const named = await spanWhere(visit.shop, page, (span) => 'graphql.operation.name' in attributesOf(span));
    expect(attributesOf(named)['graphql.operation.name']).toBe('Cart');
    for (const { headers } of visit.shop.site.asked('/api/graphql'))
      expect(traceparentOf(headers).traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('what went through a WebSocket in counts and bytes, and how it was closed', async () => {
    // Greets, and says goodbye to the first frame it is sent.
    const server = createServer().on('upgrade', (request, socket) => {
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]));
      socket.once('data', () => socket.end(Buffer.from([0x88, 2, 3, 0xe8])));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await visit.open();
    const code = await page.evaluate(
      (port) =>
        new Promise((done) => {
          const socket = new WebSocket(`ws://127.0.0.1:${port}/live`);
          socket.onmessage = () => socket.send('1234567');
          socket.onclose = (event) => done(event.code);
        }),
      (server.address() as AddressInfo).port,
    );
    expect(code).toBe(1000);
    const span = await spanOf('websocket /live');
    const closed = await eventWhere(visit.shop, page, ({ eventName }) => eventName === 'throughline.connection.closed');
    expect(span.status).toBeUndefined();
    expect(closed.spanId).toBe(span.spanId);
    expect(attributesOf(closed)).toMatchObject({
      'throughline.connection.kind': 'websocket',
      'throughline.connection.messages_received': 1,
      'throughline.connection.bytes_received': 5,
      'throughline.connection.messages_sent': 1,
      'throughline.connection.bytes_sent': 7,
      'throughline.connection.close_code': 1000,
    });
    expect(JSON.stringify(closed)).not.toMatch(/hello|1234567/);
    server.close();
  });
});
