import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type AgentPage,
  type AgentSite,
  attributesOf,
  eventWhere,
  spanWhere,
  startAgentSite,
  traceparentOf,
  WAIT,
} from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';

let browser: Browser;
let shop: AgentSite;
let opened: AgentPage;
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  shop = await startAgentSite({
    attributes: 'data-instrumentations="console"',
    body: () => '<button id="go">Go</button><a href="#" id="dead">nothing</a>',
  });
  opened = await shop.open(browser);
});
afterEach(async () => {
  await opened.close();
  await shop.close();
});
afterAll(() => browser.close());

const exceptionOf = (type: string) =>
  eventWhere(shop, opened.page, (event) => attributesOf(event)['exception.type'] === type);

describe('requests that are not fetch', () => {
  test('XMLHttpRequest carries the trace, keeps its context and ends with the response', async () => {
    await opened.page.evaluate(() => {
      document.getElementById('go')?.addEventListener('click', () => {
        const xhr = new XMLHttpRequest();
        xhr.open('POST', '/api/xhr/7');
        xhr.setRequestHeader('x-own', '1');
        xhr.onload = () => fetch('/api/next');
        xhr.send('body');
      });
    });
    await opened.page.click('#go');
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'POST /api/xhr/{id}');
    const root = await spanWhere(shop, opened.page, ({ name }) => name === 'click button');
    const { headers } = shop.site.asked('/api/xhr/7')[0] ?? { headers: {} };
    expect(headers).toMatchObject({ 'x-own': '1' });
    expect(traceparentOf(headers)).toMatchObject({ traceId: span.traceId, spanId: span.spanId, flags: '03' });
    expect(span.parentSpanId).toBe(root.spanId);
    expect(attributesOf(span)).toMatchObject({ 'http.response.status_code': 200, 'http.request.method': 'POST' });
    expect(attributesOf(span)['throughline.request.phases']).toMatch(/wait:/);
    await expect
      .poll(() => traceparentOf(shop.site.asked('/api/next')[0]?.headers ?? {}).traceId, WAIT)
      .toBe(root.traceId);
  });

  test('a failed XMLHttpRequest is an error, an aborted one is none', async () => {
    await opened.page.evaluate(async () => {
      const run = (url: string, act: (xhr: XMLHttpRequest) => void) =>
        new Promise((done) => {
          const xhr = new XMLHttpRequest();
          xhr.open('GET', url);
          xhr.onloadend = done;
          xhr.send();
          act(xhr);
        });
      await run('http://127.0.0.1:9/api/refused', () => {});
      await run('/api/aborted?delayMs=5000', (xhr) => xhr.abort());
    });
    const refused = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/refused');
    const aborted = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/aborted');
    expect([refused.status?.code, attributesOf(refused)['error.type']]).toEqual([2, 'NetworkError']);
    expect(aborted.status).toBeUndefined();
  });

  test('sendBeacon has a span, and its answer stays unknown', async () => {
    expect(await opened.page.evaluate(() => navigator.sendBeacon('/api/beaconed', 'x'))).toBe(true);
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'POST /api/beaconed');
    expect(attributesOf(span)['http.response.status_code']).toBeUndefined();
  });

  test('an EventSource has a span until it opens and counts until it closes', async () => {
    await opened.page.evaluate(
      () =>
        new Promise<void>((done) => {
          const source = new EventSource('/api/stream?type=text/event-stream&chunks=3&everyMs=20');
          let messages = 0;
          source.onmessage = () => {
            messages += 1;
            if (messages < 3) return;
            source.close();
            done();
          };
        }),
    );
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'eventsource /api/stream');
    const closed = await eventWhere(
      shop,
      opened.page,
      ({ eventName }) => eventName === 'throughline.connection.closed',
    );
    expect(closed.traceId).toBe(span.traceId);
    expect(attributesOf(closed)).toMatchObject({
      'throughline.connection.kind': 'eventsource',
      'throughline.connection.messages_received': 3,
    });
  });

  test('a WebSocket that cannot connect is an error, and is still a WebSocket', async () => {
    const isSame = await opened.page.evaluate(() => {
      const socket = new WebSocket('ws://127.0.0.1:9/live');
      return socket instanceof WebSocket && socket.constructor === WebSocket && WebSocket.OPEN === 1;
    });
    expect(isSame).toBe(true);
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'websocket /live');
    expect(span.status?.code).toBe(2);
  });
});

describe('errors', () => {
  test('rejections of any value, causes, and repeats as a count', async () => {
    await opened.page.evaluate(() => {
      Promise.reject({ code: 7 });
      Promise.reject(undefined);
      const cause = new RangeError('too far');
      Promise.reject(new Error('outer', { cause }));
      const repeat = () => {
        throw new SyntaxError('again');
      };
      for (let i = 0; i < 4; i++) setTimeout(repeat);
    });
    expect(attributesOf(await exceptionOf('object'))['exception.message']).toBe('{"code":7}');
    expect(attributesOf(await exceptionOf('undefined'))['exception.message']).toBe('undefined');
    expect(attributesOf(await exceptionOf('Error'))['exception.stacktrace']).toMatch(
      /outer[\s\S]*Caused by: RangeError: too far/,
    );
    await exceptionOf('SyntaxError');
    await opened.page.goto('about:blank');
    const repeated = await eventWhere(
      shop,
      undefined,
      (event) => Number(attributesOf(event)['throughline.exception.count']) > 1,
    );
    expect(attributesOf(repeated)).toMatchObject({ 'exception.type': 'SyntaxError', 'throughline.exception.count': 3 });
  });

  test('resources that do not load, console.error where asked for, and what the page hands over', async () => {
    await opened.page.evaluate(() => {
      const image = document.createElement('img');
      image.src = '/api/gone.png?status=404&token=secret';
      document.body.append(image);
      console.error('cart is', 'empty');
      (
        window as unknown as { throughline: { captureException(e: unknown, a: object): void } }
      ).throughline.captureException(new URIError('handled'), { 'shop.step': 'pay' });
    });
    const resource = attributesOf(await exceptionOf('ResourceError'));
    expect(resource['url.full']).toBe(`${shop.site.origin}/api/gone.png?status=404&token=REDACTED`);
    const said = await eventWhere(shop, opened.page, ({ eventName }) => eventName === 'browser.console');
    expect(attributesOf(said)).toMatchObject({
      'browser.console.method': 'error',
      'exception.message': 'cart is empty',
    });
    expect(attributesOf(await exceptionOf('URIError'))).toMatchObject({
      'throughline.exception.uncaught': false,
      'shop.step': 'pay',
    });
  });

  test('an error in a click handler is in the trace of the click', async () => {
    await opened.page.evaluate(() =>
      document.getElementById('go')?.addEventListener('click', () => {
        throw new EvalError('broken');
      }),
    );
    await opened.page.click('#go');
    const error = await exceptionOf('EvalError');
    const root = await spanWhere(shop, opened.page, ({ name }) => name === 'click button');
    expect(error).toMatchObject({ traceId: root.traceId, spanId: root.spanId });
  });
});

describe('the main thread and the visitor', () => {
  test('a long frame is a span under the click it delayed, with the script that did it', async () => {
    await opened.page.addScriptTag({
      content: `document.getElementById('go').onclick = function slowHandler() {
        for (const start = performance.now(); performance.now() - start < 120; );
      }`,
    });
    await opened.page.click('#go');
    const frame = await spanWhere(shop, opened.page, (span) => JSON.stringify(span).includes('slowHandler'));
    expect(frame.name).toBe('long frame');
    const root = await spanWhere(shop, opened.page, ({ spanId }) => spanId === frame.parentSpanId);
    expect(root.name).toBe('click button');
    expect(JSON.stringify(attributesOf(frame)['throughline.frame.scripts'])).toContain('slowHandler');
    expect(attributesOf(root)['throughline.interaction.processing_ms']).toBeGreaterThanOrEqual(100);
  });

  test('clicks that lead to nothing and clicks in rage are told', async () => {
    await opened.page.evaluate(() =>
      document.getElementById('dead')?.addEventListener('click', (event) => event.preventDefault()),
    );
    await opened.page.click('#dead');
    const dead = await eventWhere(
      shop,
      opened.page,
      (event) => attributesOf(event)['throughline.click.frustration'] === 'dead',
    );
    expect(attributesOf(dead)).toMatchObject({ 'browser.css_selector': 'a#dead' });
    await opened.page.click('#go', { clickCount: 3, delay: 5 });
    const rage = await eventWhere(
      shop,
      opened.page,
      (event) => attributesOf(event)['throughline.click.frustration'] === 'rage',
    );
    expect(attributesOf(rage)).toMatchObject({ 'browser.css_selector': 'button#go' });
  });

  test('a route change under a click is in its trace, and is a page view of its own', async () => {
    await opened.page.evaluate(() =>
      document.getElementById('go')?.addEventListener('click', async () => {
        await fetch('/api/page');
        history.pushState(null, '', '/products/7?color=red');
        await fetch('/api/detail');
      }),
    );
    const load = await spanWhere(shop, opened.page, ({ name }) => name === 'page load /');
    await opened.page.click('#go');
    const navigation = await spanWhere(shop, opened.page, ({ name }) => name === 'navigation /products/{id}');
    const click = await spanWhere(shop, opened.page, ({ name }) => name === 'click button');
    const detail = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/detail');
    expect(navigation.parentSpanId).toBe(click.spanId);
    expect(detail).toMatchObject({ traceId: click.traceId, parentSpanId: navigation.spanId });
    expect(attributesOf(navigation)).toMatchObject({
      'throughline.activity': 'navigation',
      'throughline.navigation.type': 'soft',
      'url.template': '/products/{id}',
    });
    expect(attributesOf(navigation)['throughline.page_view.id']).not.toBe(
      attributesOf(load)['throughline.page_view.id'],
    );
  });

  test('going back is a navigation that roots its own trace', async () => {
    await opened.page.evaluate(() => {
      history.pushState(null, '', '/cart');
      history.back();
    });
    await expect
      .poll(async () => {
        await opened.page.evaluate(() => (window as { throughline?: { flush(): Promise<void> } }).throughline?.flush());
        return shop.collector
          .spans()
          .filter(({ name }) => name.startsWith('navigation'))
          .map(({ name }) => name)
          .sort();
      }, WAIT)
      .toEqual(['navigation /', 'navigation /cart']);
  });
});
