import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Frame, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WAIT } from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';
import { type RecordingCollector, startRecordingCollector } from '../support/recording-collector.ts';
import { type Site, startSite } from '../support/site.ts';

/** What a page did before the agent came. */
const HOSTILE: Record<string, string> = {
  'storage that throws': `for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError') } })`,
  'storage that is full': `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }; IDBFactory.prototype.open = () => { throw new DOMException('full', 'QuotaExceededError') }`,
  'a frozen window.fetch': `Object.defineProperty(window, 'fetch', { value: window.fetch, writable: false, configurable: false })`,
  'frozen prototypes': `for (const of of [Response, XMLHttpRequest, MessagePort, WebSocket, EventSource, Navigator, History, Promise, Array, Object, Map]) Object.freeze(of.prototype)`,
  'a frozen global object': `for (const name of ['fetch', 'setTimeout', 'setInterval', 'requestAnimationFrame', 'WebSocket', 'EventSource']) Object.defineProperty(window, name, { value: window[name], writable: false, configurable: false })`,
  'a JSON that throws': `JSON.parse = JSON.stringify = () => { throw new Error('theirs') }`,
  'a JSON of before ES5': `Array.prototype.toJSON = Object.prototype.toJSON = function () { return 'theirs' }`,
  'arrays that throw': `for (const name of ['map', 'filter', 'find', 'some', 'every', 'forEach', 'includes', 'push', 'sort', 'slice', 'splice', 'shift', 'unshift']) { const own = Array.prototype[name]; Array.prototype[name] = function (...args) { if (new Error().stack.includes('throughline')) throw new Error('theirs'); return own.apply(this, args) } }`,
  'an Object.prototype that was added to': `Object.prototype.extra = 'theirs'; Array.prototype.last = function () { return this[this.length - 1] }`,
  'no PerformanceObserver': 'delete window.PerformanceObserver',
  'a PerformanceObserver that throws': `PerformanceObserver.prototype.observe = () => { throw new Error('theirs') }`,
  'no performance entries': 'Performance.prototype.getEntriesByType = () => []',
  'no sendBeacon, no fetchLater, no CompressionStream':
    'delete Navigator.prototype.sendBeacon; delete window.fetchLater; delete window.CompressionStream',
  'no randomUUID and no locks':
    'delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks; delete window.BroadcastChannel',
  'no Navigation API and no idle callbacks':
    'delete window.navigation; delete window.requestIdleCallback; delete window.EventSource; delete window.WebSocket; delete window.Scheduler',
  'no MessageChannel': 'delete window.MessageChannel',
  'no Proxy': 'delete window.Proxy',
  'no crypto': `Object.defineProperty(window, 'crypto', { value: undefined })`,
  'a fetch that answers no promise': `window.fetch = () => 'not a promise'`,
  'a fetch that throws': `window.fetch = () => { throw new Error('theirs') }`,
  'a fetch that was patched before us': `const inner = window.fetch; window.fetch = function (...args) { if (/^.(?!.*otlp)/.test(args[0])) window.patched = (window.patched ?? 0) + 1; return inner.apply(this, args) }`,
  'no fetch at all': 'delete window.fetch',
  'a console that throws': `console.warn = console.debug = () => { throw new Error('theirs') }`,
  'a clock that stands still': 'Date.now = () => 0; performance.now = () => 0',
  'listeners that cannot be added': `EventTarget.prototype.addEventListener = () => { throw new Error('theirs') }`,
  'a global of our name': `Object.defineProperty(window, 'throughline', { value: 'theirs', configurable: false })`,
  'an API registry of theirs': `window[Symbol.for('opentelemetry.js.api.1')] = Object.freeze({ version: '0.0.1' })`,
};

/** What the page does then, and notices. */
const ACT = `(async () => {
  const outcome = async (act) => { try { return String(await act()) } catch (error) { return 'threw ' + error } };
  const button = document.createElement('button'); let clicks = 0;
  button.onclick = () => { clicks += 1 }; document.body.append(button); button.click();
  const seen = [clicks];
  seen.push(await outcome(async () => (await (await fetch('/api/x')).text()).length));
  seen.push(await outcome(async () => fetch('http://')));
  seen.push(await outcome(() => new Promise((done) => { const x = new XMLHttpRequest(); x.open('GET', '/api/x'); x.onload = () => done(x.status); x.send() })));
  seen.push(await outcome(() => new Promise((done) => setTimeout(done, 5, 'timer'))));
  seen.push(await outcome(() => new Promise((done) => requestAnimationFrame(() => done('frame')))));
  seen.push(await outcome(() => { history.pushState(null, '', '/next?' + location.search.slice(1)); return location.pathname }));
  seen.push(await outcome(() => navigator.sendBeacon('/api/beacon', 'x')));
  seen.push(await outcome(() => Object.keys(localStorage).filter((key) => !key.startsWith('throughline.'))));
  seen.push(window.patched, Object.keys(window).includes('throughline'));
  return seen;
})()`;

let browser: Browser;
let collector: RecordingCollector;
let site: Site;
beforeAll(async () => {
  browser = await launchBrowser();
  collector = await startRecordingCollector(() => '');
  const tag = `<script src="/throughline.js" data-collector="${collector.origin}" data-key="pk_test"></script>`;
  site = await startSite({
    apiHeaders: () => ({ 'access-control-allow-origin': '*' }),
    page: (url) => {
      const code = HOSTILE[url.searchParams.get('hostile') ?? ''] ?? '';
      return `<!doctype html><title>shop</title><script>{ ${code} }</script>${url.searchParams.has('bare') ? '' : tag}<body>shop</body>`;
    },
  });
});
afterAll(async () => {
  await Promise.all([browser.close(), collector.close(), site.close()]);
});

/** Opens `url` in a profile of its own; `act` runs in it, and `said` is what the agent told the console. */
async function visit<T>(url: string, act: (page: Page) => Promise<T>) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const said: string[] = [];
  const errors: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(url);
  const noticed = await act(page);
  await page.evaluate(() => (globalThis as { throughline?: { stop?(): void } }).throughline?.stop?.());
  await context.close();
  return { noticed, errors, said: said.filter((line) => line.startsWith('Throughline')) };
}

describe('a hostile page', () => {
  test.each(Object.keys(HOSTILE))('%s: goes on as without the agent, which says one sentence at most', async (name) => {
    const query = `/?hostile=${encodeURIComponent(name)}`;
    const act = (page: Page) => page.evaluate(ACT);
    const bare = await visit(`${site.origin}${query}&bare=1`, act);
    const traced = await visit(`${site.origin}${query}&with=1`, act);
    expect(traced.noticed).toEqual(bare.noticed);
    expect(traced.errors).toEqual(bare.errors);
    expect(traced.said.slice(1)).toEqual([]);
  });

  test('a patch of the page on top of ours stays when we stop', async () => {
    const { noticed, errors } = await visit(site.origin, (page) =>
      page.evaluate(async () => {
        const inner = window.fetch;
        let calls = 0;
        window.fetch = function (...args) {
          calls += 1;
          return inner.apply(this, args);
        };
        (window as unknown as { throughline: { stop(): void } }).throughline.stop();
        return [(await fetch('/api/x')).status, calls];
      }),
    );
    expect([noticed, errors]).toEqual([[200, 1], []]);
    expect(site.requests.at(-1)?.headers.traceparent).toBeUndefined();
  });
});

describe('places without an origin', () => {
  const askFrom = (frame: Frame | Page, url: string) =>
    frame.evaluate(async (address) => {
      try {
        return (await fetch(address)).status;
      } catch (error) {
        return String(error);
      }
    }, url);
  const requestsFor = (path: string) => site.asked(path).map(({ method, headers }) => [method, headers.traceparent]);

  test('a sandboxed frame is traced, and asks no server for leave to be', async () => {
    const { noticed, errors, said } = await visit(site.origin, async (page) => {
      await page.evaluate(() => {
        const frame = document.createElement('iframe');
        frame.sandbox.add('allow-scripts');
        frame.src = '/framed';
        document.body.append(frame);
        return new Promise((done) => {
          frame.onload = done;
        });
      });
      const frame = page.frames().find((one) => one.url().endsWith('/framed')) as Frame;
      const status = await askFrom(frame, '/api/from-sandbox');
      await expect
        .poll(async () => {
          await frame.evaluate(() => (globalThis as { throughline?: { flush(): Promise<void> } }).throughline?.flush());
          return collector.spans().some(({ name }) => name === 'GET /api/from-sandbox');
        }, WAIT)
        .toBe(true);
      return status;
    });
    expect([noticed, errors, said]).toEqual([200, [], []]);
    expect(requestsFor('/api/from-sandbox')).toEqual([['GET', undefined]]);
  });

  test.each(['', 'srcdoc="<p>framed</p>"'])('a frame of the page’s own (<iframe %s>) goes on', async (attributes) => {
    const { noticed, errors, said } = await visit(site.origin, async (page) => {
      await page.evaluate(
        (html) => document.body.insertAdjacentHTML('beforeend', html),
        `<iframe ${attributes}></iframe>`,
      );
      const frame = page.frames()[1] as Frame;
      await frame.addScriptTag({ url: `${site.origin}/throughline.js` });
      return askFrom(frame, `${site.origin}/api/from-frame`);
    });
    // The script was given no key there.
    expect([noticed, errors, said.length]).toEqual([200, [], 1]);
  });

  test('a page from a file is traced, and tells nobody', async () => {
    const file = join(tmpdir(), `throughline-page-${process.pid}.html`);
    await writeFile(
      file,
      `<!doctype html><title>file</title><script src="${site.origin}/throughline.js" crossorigin data-key="pk_test" data-collector="${collector.origin}"></script>`,
    );
    const { noticed, errors, said } = await visit(pathToFileURL(file).href, (page) =>
      askFrom(page, `${site.origin}/api/from-file`),
    );
    await rm(file);
    expect([noticed, errors, said]).toEqual([200, [], []]);
    expect(requestsFor('/api/from-file')).toEqual([['GET', undefined]]);
    await expect.poll(() => collector.spans().some(({ name }) => name === 'GET /api/from-file'), WAIT).toBe(true);
  });
});
