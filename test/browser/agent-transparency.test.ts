import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AgentPage, type AgentSite, startAgentSite } from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';

let browser: Browser;
let shop: AgentSite;
let opened: AgentPage;
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  shop = await startAgentSite();
  opened = await shop.open(browser);
});
afterEach(async () => {
  expect(opened.pageErrors).toEqual([]);
  await opened.close();
  await shop.close();
});
afterAll(() => browser.close());

describe('a page that calls fetch', () => {
  test('gets a rejection for a bad URL, never a throw', async () => {
    const outcome = await opened.page.evaluate(() => {
      try {
        return fetch('http://').then(
          () => 'answered',
          (error: Error) => `rejected with ${error.name}`,
        );
      } catch (error) {
        return `threw ${error}`;
      }
    });
    expect(outcome).toBe('rejected with TypeError');
  });

  test('finds its init unwritten, frozen or not, and its own headers sent', async () => {
    const untouched = await opened.page.evaluate(async () => {
      const init = { method: 'POST', headers: { 'x-own': '1' }, body: 'hello' };
      const before = JSON.stringify(init);
      const headers = init.headers;
      await fetch('/api/plain', init);
      await fetch('/api/frozen', Object.freeze({ ...init, headers: Object.freeze({ 'x-own': '1' }) }));
      await fetch('/api/headers', { headers: new Headers({ 'x-own': '1' }) });
      return JSON.stringify(init) === before && init.headers === headers;
    });
    expect(untouched).toBe(true);
    for (const path of ['/api/plain', '/api/frozen', '/api/headers'])
      expect(shop.site.asked(path)[0]?.headers).toMatchObject({ 'x-own': '1', traceparent: expect.any(String) });
    expect(shop.site.asked('/api/frozen')[0]?.method).toBe('POST');
  });

  test('may pass a Request, with and without an init that overrides it', async () => {
    const state = await opened.page.evaluate(async () => {
      const request = new Request('/api/request', { method: 'PUT', headers: { 'x-own': 'request' }, body: 'body' });
      await fetch(request);
      const other = new Request('/api/both', { method: 'PUT', headers: { 'x-own': 'request' }, body: 'body' });
      await fetch(other, { method: 'DELETE', headers: { 'x-own': 'init' } });
      return { used: request.bodyUsed, written: request.headers.has('traceparent') };
    });
    expect(state).toEqual({ used: true, written: false });
    expect(shop.site.asked('/api/request')[0]).toMatchObject({ method: 'PUT', headers: { 'x-own': 'request' } });
    expect(shop.site.asked('/api/both')[0]).toMatchObject({ method: 'DELETE', headers: { 'x-own': 'init' } });
    expect(shop.site.asked('/api/request')[0]?.headers.traceparent).toMatch(/^00-/);
    expect(shop.site.asked('/api/request')[0]?.headers.referer).toBe(`${shop.site.origin}/`);
  });

  test('keeps a traceparent it set itself', async () => {
    const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await opened.page.evaluate((traceparent) => fetch('/api/own', { headers: { traceparent } }).then(() => {}), own);
    expect(shop.site.asked('/api/own')[0]?.headers.traceparent).toBe(own);
  });

  test('hears of its own unhandled rejections, once, and of no others', async () => {
    const heard = await opened.page.evaluate(async () => {
      const reasons: string[] = [];
      addEventListener('unhandledrejection', (event) => {
        event.preventDefault();
        reasons.push(String(event.reason));
      });
      fetch('http://127.0.0.1:9/unhandled');
      await fetch('http://127.0.0.1:9/handled').catch(() => {});
      await new Promise((done) => setTimeout(done, 200));
      return reasons;
    });
    expect(heard).toEqual(['TypeError: Failed to fetch']);
  });

  test('sees the same function from outside: name, length, text, descriptor', async () => {
    const look = () =>
      opened.page.evaluate(() => {
        const { name, length } = fetch;
        const { value, ...descriptor } = Object.getOwnPropertyDescriptor(window, 'fetch') ?? {};
        return { name, length, text: fetch.toString(), descriptor, keys: Reflect.ownKeys(fetch), type: typeof value };
      });
    const patched = await look();
    await opened.page.evaluate(() => (window as { throughline?: { stop(): void } }).throughline?.stop());
    expect(patched).toEqual(await look());
  });
});

describe('stop', () => {
  test('restores every function that was patched, and leaves no global', async () => {
    const [before, after] = await opened.page.evaluate(() => {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      const clean = frame.contentWindow as Window & typeof globalThis;
      // A patched function is a Proxy: in a clean window the same one has the same text, so compare identities instead.
      const paths: [object, string][] = [
        [window, 'fetch'],
        [window, 'setTimeout'],
        [window, 'setInterval'],
        [window, 'requestAnimationFrame'],
        [window, 'requestIdleCallback'],
        [Response.prototype, 'json'],
        [Response.prototype, 'text'],
        [ReadableStreamDefaultReader.prototype, 'read'],
        [MessagePort.prototype, 'postMessage'],
      ];
      const values = () => paths.map(([owner, name]) => (owner as Record<string, unknown>)[name]);
      const globals = (of: object) => Reflect.ownKeys(of).map(String);
      const running = values();
      const added = globals(window).filter((key) => !globals(clean).includes(key));
      (window as { throughline?: { stop(): void } }).throughline?.stop();
      const stopped = values();
      const left = globals(window).filter((key) => !globals(clean).includes(key));
      frame.remove();
      return [
        {
          added: added.sort(),
          changed: running.map((value, i) => value !== stopped[i]).filter((isOther) => !isOther).length,
        },
        { left: left.filter((key) => !/^(0|length)$/.test(key)) },
      ];
    });
    expect(before).toMatchObject({ changed: 0 });
    expect((before as { added: string[] }).added).toContain('throughline');
    expect(after).toEqual({ left: [] });
  });

  test('is final: nothing is traced any more, and a second start on the page works', async () => {
    await opened.page.evaluate(() => {
      (window as { throughline?: { stop(): void } }).throughline?.stop();
      return fetch('/api/after').then(() => {});
    });
    expect(Object.keys(shop.site.asked('/api/after')[0]?.headers ?? {})).not.toContain('traceparent');
    expect(await opened.page.evaluate(() => 'throughline' in window)).toBe(false);
  });
});
