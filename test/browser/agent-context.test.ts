import { describe, expect, test } from 'vitest';
import { attributesOf, spanWhere, traceparentOf, WAIT } from '../support/agent-page.ts';
import { shopOfEachTest } from '../support/shop-of-each-test.ts';

/** What a click handler may do before and between its requests; each asks for /api/1, /api/2 (and /api/3). */
const PATTERNS: Record<string, string> = {
  'two requests in the handler': `fetch('/api/1'); fetch('/api/2')`,
  'an await of a request': `await fetch('/api/1'); await fetch('/api/2')`,
  'an await of a request and of its body': `const r = await fetch('/api/1'); await r.json(); await fetch('/api/2')`,
  'many awaits of nothing': `for (let i = 0; i < 50; i++) await i; await fetch('/api/1'); for (let i = 0; i < 50; i++) await i; await fetch('/api/2')`,
  'Promise.all': `await Promise.all([fetch('/api/1'), fetch('/api/2').then((r) => r.text())]); await fetch('/api/3')`,
  'then chains': `fetch('/api/1').then((r) => r.text()).then(() => fetch('/api/2')).then((r) => r.blob()).then(() => fetch('/api/3'))`,
  'a timer': `setTimeout(async () => { await fetch('/api/1'); setTimeout(() => fetch('/api/2'), 30) }, 30)`,
  'an awaited timer': `await new Promise((done) => setTimeout(done, 30)); await fetch('/api/1'); await fetch('/api/2')`,
  'an animation frame': `requestAnimationFrame(async () => { await fetch('/api/1'); await fetch('/api/2') })`,
  'an idle callback': `requestIdleCallback(async () => { await fetch('/api/1'); await fetch('/api/2') })`,
  'a scheduled task': `await scheduler.postTask(() => fetch('/api/1')); await fetch('/api/2')`,
  'a yield to the main thread': `await scheduler.yield(); await fetch('/api/1'); await scheduler.yield(); await fetch('/api/2')`,
  'a message channel': `const { port1, port2 } = new MessageChannel(); port1.onmessage = async () => { await fetch('/api/1'); await fetch('/api/2') }; port2.postMessage(0)`,
  'a microtask': `queueMicrotask(async () => { await fetch('/api/1'); await fetch('/api/2') })`,
  'an event emitter': `const bus = new EventTarget(); bus.addEventListener('add', async () => { await fetch('/api/1'); await fetch('/api/2') }); bus.dispatchEvent(new Event('add'))`,
  'a stream read to its end': `const reader = (await fetch('/api/1')).body.getReader(); while (!(await reader.read()).done); await fetch('/api/2')`,
  'a failed request': `await fetch('http://127.0.0.1:9/').catch(() => {}); await fetch('/api/1'); await fetch('/api/2')`,
};

const visit = shopOfEachTest();
const open = (pattern = '') =>
  visit.open({
    body: () => `<button id="add">Add to cart</button><script>
      document.querySelector('button').onclick = async () => { ${pattern} };
    </script>`,
  });

const tracesOf = (...paths: string[]) =>
  paths.map((path) => visit.shop.site.asked(path).map(({ headers }) => traceparentOf(headers).traceId));

describe('one click, one trace', () => {
  test.each(Object.keys(PATTERNS))('across %s', async (name) => {
    const page = await open(PATTERNS[name]);
    const load = await spanWhere(visit.shop, page, (span) => span.name === 'page load /');
    await page.click('button');
    const root = await spanWhere(visit.shop, page, (span) => span.name === 'click button');
    const paths = PATTERNS[name]?.includes('/api/3') ? ['/api/1', '/api/2', '/api/3'] : ['/api/1', '/api/2'];
    await expect.poll(() => tracesOf(...paths), WAIT).toEqual(paths.map(() => [root.traceId]));
    expect(root.traceId).not.toBe(load.traceId);
    for (const path of paths) {
      const span = await spanWhere(
        visit.shop,
        page,
        (found) =>
          found.name === `GET ${path.replace(/\d/, '{id}')}` &&
          found.spanId === traceparentOf(visit.shop.site.asked(path)[0]?.headers ?? {}).spanId,
      );
      expect(span.parentSpanId).toBe(root.spanId);
    }
    expect(attributesOf(root)).toMatchObject({
      'throughline.activity': 'interaction',
      'throughline.interaction.type': 'click',
      'throughline.interaction.target.role': 'button',
      'browser.css_selector': 'button#add',
    });
    expect(JSON.stringify(root)).not.toContain('Add to cart');
  });
});

describe('overlapping clicks', () => {
  test('keep their requests apart', async () => {
    const page = await open();
    await page.evaluate(() => {
      document.body.innerHTML = '<button id="a">a</button><button id="b">b</button>';
      for (const id of ['a', 'b'])
        document.getElementById(id)?.addEventListener('click', async () => {
          for (let step = 1; step <= 4; step++) {
            const answer = await fetch(`/api/${id}?delayMs=${id === 'a' ? 60 : 35}`);
            await answer.text();
            await new Promise((done) => setTimeout(done, 10));
          }
        });
    });
    await page.click('#a');
    await page.click('#b');
    await expect
      .poll(() => [visit.shop.site.asked('/api/a').length, visit.shop.site.asked('/api/b').length], WAIT)
      .toEqual([4, 4]);
    const [a = [], b = []] = tracesOf('/api/a', '/api/b');
    expect(new Set(a).size).toBe(1);
    expect(new Set(b).size).toBe(1);
    expect(a[0]).not.toBe(b[0]);
  });

  test('a click that leads to nothing makes no span', async () => {
    const page = await open();
    await page.click('button');
    await page.evaluate(() => fetch('/api/after'));
    await spanWhere(visit.shop, page, (span) => span.name === 'GET /api/after');
    expect(visit.shop.collector.spans().map(({ name }) => name)).not.toContain('click button');
  });
});

test('what an interval does after its activity is of no other that happens to be open', async () => {
  const page = await open(`
    await fetch('/api/click');
    const poll = setInterval(async () => {
      if (!window.isLate) return;
      clearInterval(poll);
      await fetch('/api/1');
      await fetch('/api/2');
    }, 20);
  `);
  await spanWhere(visit.shop, page, (span) => span.name === 'page load /');
  await page.click('button');
  const click = await spanWhere(visit.shop, page, (span) => span.name === 'click button');
  // A navigation that is open until its request is answered.
  await page.evaluate(() => {
    history.pushState(null, '', '/next');
    void fetch('/api/slow?delayMs=2000');
    Object.assign(window, { isLate: true });
  });
  const spanOf = async (path: string) => {
    await expect.poll(() => visit.shop.site.asked(path).length, WAIT).toBe(1);
    const { spanId: id } = traceparentOf(visit.shop.site.asked(path)[0]?.headers ?? {});
    return spanWhere(visit.shop, page, ({ spanId }) => spanId === id);
  };
  const slow = await spanOf('/api/slow');
  const navigation = await spanWhere(visit.shop, page, (span) => span.name === 'navigation /next');
  expect(slow.parentSpanId).toBe(navigation.spanId);
  for (const path of ['/api/1', '/api/2']) {
    const span = await spanOf(path);
    expect([path, span.parentSpanId ?? '']).toEqual([path, '']);
    expect([click.traceId, navigation.traceId]).not.toContain(span.traceId);
    expect(BigInt(span.startTimeUnixNano)).toBeLessThan(BigInt(slow.endTimeUnixNano));
  }
});
