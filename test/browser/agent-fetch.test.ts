import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type AgentPage,
  type AgentSite,
  attributesOf,
  spanWhere,
  startAgentSite,
  traceparentOf,
} from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';
import { type Site, startSite } from '../support/site.ts';

// Answers any origin, and allows any header by preflight.
const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };

let browser: Browser;
let shop: AgentSite;
let allowed: Site;
let foreign: Site;
let opened: AgentPage;
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  allowed = await startSite({ apiHeaders: () => CORS });
  foreign = await startSite({ apiHeaders: () => ({ 'access-control-allow-origin': '*' }) });
  shop = await startAgentSite({ attributes: `data-propagate-to="${allowed.origin}"` });
  opened = await shop.open(browser);
});
afterEach(async () => {
  await opened.close();
  await Promise.all([shop.close(), allowed.close(), foreign.close()]);
});
afterAll(() => browser.close());

const ask = (url: string) =>
  opened.page.evaluate(async (address) => (await fetch(address)).text().then((text) => text.length), url);

describe('fetch', () => {
  test('carries the trace to our own origin, and the span is the parent the server sees', async () => {
    await ask('/api/items/42?token=abc');
    const [request] = shop.site.asked('/api/items/42');
    const sent = traceparentOf(request?.headers ?? {});
    const span = await spanWhere(shop, opened.page, ({ spanId }) => spanId === sent.spanId);
    expect(sent).toMatchObject({ version: '00', traceId: span.traceId, flags: '03' });
    expect(request?.headers.tracestate).toBe(span.traceState);
    expect(span).toMatchObject({ name: 'GET /api/items/{id}', kind: 3, flags: 3 });
    expect(attributesOf(span)).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.full': `${shop.site.origin}/api/items/42?token=REDACTED`,
      'url.template': '/api/items/{id}',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(shop.site.origin).port),
    });
    expect(span.status).toBeUndefined();
  });

  test('carries it to origins the site names, after one preflight', async () => {
    await ask(`${allowed.origin}/api/items`);
    expect(allowed.asked('/api/items').map(({ method }) => method)).toEqual(['OPTIONS', 'GET']);
    expect(traceparentOf(allowed.asked('/api/items')[1]?.headers ?? {}).flags).toBe('03');
  });

  test('never to others, also when their URL names an allowed origin, and causes no preflight', async () => {
    await ask(`${foreign.origin}/api/items?next=${allowed.origin}`);
    const [request, ...more] = foreign.asked('/api/items');
    expect(more).toEqual([]);
    expect(request?.method).toBe('GET');
    expect(Object.keys(request?.headers ?? {})).not.toContain('traceparent');
    expect(Object.keys(request?.headers ?? {})).not.toContain('tracestate');
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/items');
    expect(attributesOf(span)['http.response.status_code']).toBe(200);
  });

  test('does not take headers along when our own origin redirects to another', async () => {
    await ask(`/api/go?redirect=${encodeURIComponent(`${foreign.origin}/api/landing`)}`);
    const landed = foreign.asked('/api/landing');
    expect(landed.map(({ method }) => method)).toEqual(['GET']);
    expect(Object.keys(landed[0]?.headers ?? {})).not.toContain('traceparent');
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/go');
    expect(attributesOf(span)['http.response.status_code']).toBe(200);
  });

  test('a request without an activity roots a trace of its own', async () => {
    const root = await spanWhere(shop, opened.page, ({ name }) => name === 'page load /');
    await ask('/api/late');
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/late');
    expect(span.traceId).not.toBe(root.traceId);
    expect(span.parentSpanId ?? '').toBe('');
  });

  test('ends with the response, not when its headers come', async () => {
    await ask('/api/stream?chunks=4&everyMs=60');
    const span = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/stream');
    const durationMs = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
    expect(durationMs).toBeGreaterThan(150);
    expect(attributesOf(span)['throughline.request.phases']).toMatch(/body:\d+-\d+/);
  });

  test('matches timings of parallel requests for one URL', async () => {
    await opened.page.evaluate(() =>
      Promise.all([1, 2, 3].map(() => fetch('/api/same', { cache: 'no-store' }).then((answer) => answer.text()))),
    );
    await spanWhere(
      shop,
      opened.page,
      () => shop.collector.spans().filter(({ name }) => name === 'GET /api/same').length === 3,
    );
    for (const span of shop.collector.spans().filter(({ name }) => name === 'GET /api/same'))
      expect(attributesOf(span)['throughline.request.phases']).toMatch(/wait:\d+-\d+/);
  });

  test('an HTTP error and a network failure are errors, an abort is none', async () => {
    await opened.page.evaluate(async (nowhere) => {
      await fetch('/api/broken?status=503');
      await fetch(nowhere).catch(() => {});
      const abort = new AbortController();
      const slow = fetch('/api/slow?delayMs=5000', { signal: abort.signal });
      abort.abort();
      await slow.catch(() => {});
    }, 'http://127.0.0.1:9/api/nowhere');
    const broken = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/broken');
    const nowhere = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/nowhere');
    const slow = await spanWhere(shop, opened.page, ({ name }) => name === 'GET /api/slow');
    expect(broken.status?.code).toBe(2);
    expect(attributesOf(broken)).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' });
    expect(nowhere.status?.code).toBe(2);
    expect(attributesOf(nowhere)['error.type']).toBe('TypeError');
    expect(slow.status).toBeUndefined();
    expect(attributesOf(slow)['error.type']).toBeUndefined();
  });

  test('requests still running when the page is left are reported as such', async () => {
    await opened.page.evaluate(() => {
      fetch('/api/never?delayMs=10000').catch(() => {});
    });
    await opened.page.goto('about:blank');
    const span = await spanWhere(shop, undefined, ({ name }) => name === 'GET /api/never');
    expect(attributesOf(span)['throughline.end_reason']).toBe('page_hidden');
  });
});
