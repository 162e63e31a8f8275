import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AgentPage, type AgentSite, spanWhere, startAgentSite, traceparentOf } from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';
import { type Site, type SiteRequest, startSite } from '../support/site.ts';

let browser: Browser;
let shop: AgentSite;
/** Other origins: one any page may read, one that also allows any header, one that allows nothing. */
let readable: Site;
let permissive: Site;
let closed: Site;
let opened: AgentPage;
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  readable = await startSite({ apiHeaders: () => ({ 'access-control-allow-origin': '*' }) });
  permissive = await startSite({
    apiHeaders: () => ({ 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }),
  });
  closed = await startSite({});
  shop = await startAgentSite({ head: '<link rel="preload" as="fetch" crossorigin href="/api/preloaded">' });
  opened = await shop.open(browser);
});
afterEach(async () => {
  await opened.close();
  await Promise.all([shop.close(), readable.close(), permissive.close(), closed.close()]);
});
afterAll(() => browser.close());

/** What a page learns of a request: where it ended, or how it failed. */
const ask = (url: string, init: object = {}) =>
  opened.page.evaluate(
    async ([address, given]) => {
      try {
        const { redirected, type, url: landed } = await fetch(address as string, given as RequestInit);
        return `${type} ${redirected} ${new URL(landed).pathname}`;
      } catch (error) {
        return (error as Error).name;
      }
    },
    [url, init],
  );
const to = ({ origin }: Site) => `/api/go?redirect=${encodeURIComponent(`${origin}/api/there`)}`;
const asHeard = ({ method, headers }: SiteRequest) => `${method}${headers.traceparent ? ' told' : ''}`;

describe.each(['GET', 'HEAD'])('a redirected %s', (method) => {
  test('to our own origin is made once, and carries the trace all the way', async () => {
    expect(await ask('/api/go?redirect=/api/there', { method })).toBe('basic true /api/there');
    expect(shop.site.asked('/api/go').map(asHeard)).toEqual([`${method} told`]);
    expect(shop.site.asked('/api/there').map(asHeard)).toEqual([`${method} told`]);
    const span = await spanWhere(shop, opened.page, ({ name }) => name === `${method} /api/go`);
    expect(traceparentOf(shop.site.asked('/api/there')[0]?.headers ?? {}).spanId).toBe(span.spanId);
    expect(span.status).toBeUndefined();
  });

  test.each(['readable', 'permissive'])(
    'to a %s foreign origin arrives there once, without header or preflight',
    async (kind) => {
      const elsewhere = kind === 'readable' ? readable : permissive;
      expect(await ask(to(elsewhere), { method })).toBe('cors true /api/there');
      expect(elsewhere.requests.map(asHeard)).toEqual([method]);
      // Found out by a request that failed, once: from then on that path is left alone.
      expect(await ask(to(elsewhere), { method })).toBe('cors true /api/there');
      expect(elsewhere.requests.map(asHeard)).toEqual([method, method]);
      expect(shop.site.asked('/api/go').map(asHeard)).toEqual([`${method} told`, method, method]);
      const span = await spanWhere(shop, opened.page, ({ name }) => name === `${method} /api/go`);
      expect(span.status).toBeUndefined();
    },
  );

  test('to an origin that may not be read fails as it does without us', async () => {
    expect(await ask(to(closed), { method })).toBe('TypeError');
    expect(closed.requests.map(asHeard)).toEqual([method]);
    const span = await spanWhere(shop, opened.page, ({ name }) => name === `${method} /api/go`);
    expect(span.status?.code).toBe(2);
  });
});

describe('what a page asked for itself', () => {
  test.each(['manual', 'error'])('redirect: %s is done, and nothing is asked again', async (redirect) => {
    const answer = await ask('/api/go?redirect=/api/there', { redirect });
    expect(answer).toBe(redirect === 'manual' ? 'opaqueredirect false /api/go' : 'TypeError');
    expect(shop.site.asked('/api/go').map(asHeard)).toEqual(['GET told']);
  });

  test('an aborted request is not made again', async () => {
    const outcome = await opened.page.evaluate(async () => {
      const abort = new AbortController();
      const asked = fetch('/api/slow?delayMs=4000', { signal: abort.signal }).catch((error: Error) => error.name);
      await fetch('/api/meanwhile');
      abort.abort();
      return asked;
    });
    expect(outcome).toBe('AbortError');
    await ask('/api/after');
    expect(shop.site.asked('/api/slow').map(asHeard)).toEqual(['GET told']);
    expect(await ask('/api/slow')).toBe('basic false /api/slow');
    expect(shop.site.asked('/api/slow').map(asHeard)).toEqual(['GET told', 'GET told']);
  });

  test('a preload is used, not fetched a second time', async () => {
    expect(await ask('/api/preloaded')).toBe('basic false /api/preloaded');
    expect(shop.site.asked('/api/preloaded')).toHaveLength(1);
  });
});

describe('what must not be repeated', () => {
  test('a POST is sent once; where its redirect fails for our headers, the next one carries none', async () => {
    const redirect = `${to(readable)}&status=303`;
    await ask(redirect, { method: 'POST', body: 'x' });
    expect(shop.site.asked('/api/go').map(asHeard)).toEqual(['POST told']);
    expect(await ask(redirect, { method: 'POST', body: 'x' })).toBe('cors true /api/there');
    expect(shop.site.asked('/api/go').map(asHeard)).toEqual(['POST told', 'POST']);
    expect(readable.requests.filter(({ headers }) => headers.traceparent)).toEqual([]);
  });

  test('XMLHttpRequest likewise', async () => {
    const send = () =>
      opened.page.evaluate(
        (url) =>
          new Promise((done) => {
            const xhr = new XMLHttpRequest();
            xhr.open('GET', url);
            xhr.onloadend = () => done(xhr.status);
            xhr.send();
          }),
        to(readable),
      );
    await send();
    expect(await send()).toBe(200);
    expect(shop.site.asked('/api/go').map(asHeard)).toEqual(['GET told', 'GET']);
    expect(readable.requests.filter(({ headers }) => headers.traceparent)).toEqual([]);
  });
});

test('a path whose server could not be reached is told again once it answers', async () => {
  const asked: string[] = [];
  await opened.page.route('**/api/flaky', async (route) => {
    asked.push(asHeard({ method: route.request().method(), headers: route.request().headers() } as SiteRequest));
    if (asked.length <= 3) await route.abort('connectionrefused');
    else await route.fulfill({ body: 'up again' });
  });
  expect(await ask('/api/flaky')).toBe('TypeError');
  expect(asked).toEqual(['GET told', 'GET']);
  // While it is down, a request is one request.
  expect(await ask('/api/flaky')).toBe('TypeError');
  expect(asked).toHaveLength(3);
  expect(await ask('/api/flaky')).toBe('basic false /api/flaky');
  expect(await ask('/api/flaky')).toBe('basic false /api/flaky');
  expect(asked).toEqual(['GET told', 'GET', 'GET', 'GET', 'GET told']);
});
