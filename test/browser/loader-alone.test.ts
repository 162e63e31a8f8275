import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RecordingCollector, startRecordingCollector } from '../support/recording-collector.ts';
import { type Site, type SiteRequest, startSite } from '../support/site.ts';

const LOADER = readFileSync('dist/loader.js', 'utf8');
const AGENT = readFileSync('dist/throughline.js', 'utf8');

let browser: Browser;
/** What the collector has for a script; nothing, unless a test says so. */
let script = '';
let collector: RecordingCollector;
let site: Site;
/** Allows any origin and any header. */
let foreign: Site;
/** More attributes of the loader's tag. */
let attributes = '';
let page: Page;
beforeAll(async () => {
  browser = await launchBrowser();
  collector = await startRecordingCollector(() => script);
});
beforeEach(async () => {
  foreign = await startSite({
    apiHeaders: () => ({ 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }),
  });
  site = await startSite({
    page: ({ pathname }) =>
      `<!doctype html><title>shop</title>${pathname === '/preloading' ? '<link rel="preload" as="fetch" crossorigin href="/api/preloaded">' : ''}
      <script data-key="pk_test" data-collector="${collector.origin}" ${attributes}>${LOADER}</script><body>shop</body>`,
  });
  page = await browser.newPage();
});
afterEach(async () => {
  await page.close();
  await Promise.all([site.close(), foreign.close()]);
  attributes = script = '';
});
afterAll(async () => {
  await Promise.all([browser.close(), collector.close()]);
});

const asHeard = ({ method, headers }: SiteRequest) => `${method}${headers.traceparent ? ' told' : ''}`;
const ask = (url: string, init: object = {}) =>
  page.evaluate(
    async ([address, given]) => {
      try {
        const { status, type, redirected } = await fetch(address as string, given as RequestInit);
        return `${status} ${type} ${redirected}`;
      } catch (error) {
        return (error as Error).name;
      }
    },
    [url, init],
  );

describe('while the agent has not come, the loader', () => {
  beforeEach(async () => {
    await page.goto(site.origin);
  });

  test.each(['GET', 'HEAD'])('tells no other origin by a redirect of a %s, and asks it nothing', async (method) => {
    const redirect = `/api/go?redirect=${encodeURIComponent(`${foreign.origin}/api/there`)}`;
    expect(await ask(redirect, { method })).toBe('200 cors true');
    expect(site.asked('/api/go').map(asHeard)).toEqual([`${method} told`, method]);
    expect(foreign.requests.map(asHeard)).toEqual([method]);
  });

  test('takes the header along inside the origin, and asks once', async () => {
    expect(await ask('/api/go?redirect=/api/there')).toBe('200 basic true');
    expect([...site.asked('/api/go'), ...site.asked('/api/there')].map(asHeard)).toEqual(['GET told', 'GET told']);
  });

  test('repeats no request that may change something, and none that was taken back', async () => {
    expect(await ask('/api/post', { method: 'POST', body: 'x' })).toBe('200 basic false');
    expect(site.asked('/api/post').map(asHeard)).toEqual(['POST told']);
    const taken = page.evaluate(() =>
      fetch('/api/slow?delayMs=5000', { signal: AbortSignal.timeout(200) }).catch(({ name }) => name),
    );
    expect(await taken).toBe('TimeoutError');
    expect(site.asked('/api/slow').map(asHeard)).toEqual(['GET told']);
  });

  test('leaves a fetch that fails to the page, once', async () => {
    const heard = await page.evaluate(async () => {
      const reasons: string[] = [];
      addEventListener('unhandledrejection', ({ reason }) => reasons.push(String(reason)));
      const told = new Promise((done) => addEventListener('unhandledrejection', done, { once: true }));
      await fetch('http://127.0.0.1:9/handled').catch(() => {});
      fetch('http://127.0.0.1:9/unhandled');
      await told;
      return [...reasons, await fetch('http://').catch((error) => String(error.name))];
    });
    expect(heard).toEqual(['TypeError: Failed to fetch', 'TypeError']);
  });

  test('a frame without an origin asks nobody for leave to be traced', async () => {
    await page.evaluate(() => {
      const frame = document.createElement('iframe');
      frame.sandbox.add('allow-scripts');
      frame.src = '/framed';
      document.body.append(frame);
      return new Promise((done) => {
        frame.onload = done;
      });
    });
    await page.frames()[1]?.evaluate(() => fetch('/api/from-sandbox').catch(() => {}));
    expect(site.asked('/api/from-sandbox').map(asHeard)).toEqual(['GET']);
  });
});

test('what the page preloads is not fetched a second time', async () => {
  await page.goto(`${site.origin}/preloading`);
  expect(await ask('/api/preloaded')).toBe('200 basic false');
  expect(site.asked('/api/preloaded')).toHaveLength(1);
});

describe('one version of the script, by its name and hash', () => {
  const hash = `sha384-${createHash('sha384').update(AGENT).digest('base64')}`;
  const isRunning = () => typeof (window as { throughline?: { stop?: unknown } }).throughline?.stop === 'function';

  test('is what the loader adds, and it runs', async () => {
    script = AGENT;
    attributes = `data-script="throughline-abc.js" integrity="${hash}"`;
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(site.origin);
    await page.waitForFunction(isRunning);
    const tag = await page.evaluate(() => {
      const { src, integrity } = document.querySelector('script[src]') as HTMLScriptElement;
      return [src, integrity];
    });
    expect(tag).toEqual([`${collector.origin}/throughline-abc.js`, hash]);
    expect(said).toEqual([]);
  });

  test('of anything else is refused by the browser, and the page goes on', async () => {
    script = `${AGENT} `;
    attributes = `integrity="${hash}"`;
    await page.goto(site.origin, { waitUntil: 'load' });
    expect(await page.evaluate(isRunning)).toBe(false);
    expect(await ask('/api/x')).toBe('200 basic false');
  });
});
