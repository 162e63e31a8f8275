import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AgentSite, attributesOf, eventWhere, spanWhere, traceparentOf, WAIT } from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';
import { startRecordingCollector } from '../support/recording-collector.ts';
import { startSite } from '../support/site.ts';

const LOADER = () => readFileSync('dist/loader.js', 'utf8');
const CSP =
  "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; connect-src *; require-trusted-types-for 'script'";

let browser: Browser;
let shop: AgentSite;
let page: Page;
let said: string[];
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  // As a collector does, it serves the agent.
  const collector = await startRecordingCollector(() => readFileSync('dist/throughline.js', 'utf8'));
  const site = await startSite({
    headers: () => ({ 'content-security-policy': CSP }),
    page: () => `<!doctype html><title>shop</title>
      <script nonce="abc" data-key="pk_test" data-service="shop-web" data-collector="${collector.origin}">${LOADER()}</script>
      <script nonce="abc">
        fetch('/api/first');
        fetch(new Request('/api/request', { method: 'PUT', headers: { 'x-own': '1' } }), { cache: 'no-store' });
        fetch('${collector.origin}/elsewhere', { mode: 'no-cors' });
        Promise.reject(new RangeError('early'));
      </script><body>shop</body>`,
  });
  shop = {
    site,
    collector,
    open: () => Promise.reject(new Error('not used')),
    close: async () => void (await Promise.all([site.close(), collector.close()])),
  };
  page = await browser.newPage();
  said = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(site.origin);
});
afterEach(async () => {
  await page.close();
  await shop.close();
});
afterAll(() => browser.close());

test('the loader is at most 1 kB gzip', () => {
  expect(gzipSync(LOADER(), { level: 9 }).length).toBeLessThanOrEqual(1024);
});

describe('a page with the inline loader, under a strict content security policy with Trusted Types', () => {
  test('carries the trace from its first request, and the agent reports that request under the same ids', async () => {
    await expect.poll(() => shop.site.asked('/api/first').length, WAIT).toBe(1);
    const sent = traceparentOf(shop.site.asked('/api/first')[0]?.headers ?? {});
    expect(sent).toMatchObject({ version: '00', flags: '03' });
    const span = await spanWhere(shop, page, ({ spanId }) => spanId === sent.spanId);
    const root = await spanWhere(shop, page, ({ name }) => name === 'page load /');
    expect(span).toMatchObject({ traceId: sent.traceId, name: 'GET /api/first', parentSpanId: root.spanId });
    expect(root).toMatchObject({ traceId: sent.traceId });
    expect(root.traceState).toContain(String(shop.site.asked('/api/first')[0]?.headers.tracestate));
    expect(attributesOf(span)['http.response.status_code']).toBe(200);
    const request = shop.site.asked('/api/request')[0];
    expect(request).toMatchObject({ method: 'PUT', headers: { 'x-own': '1' } });
    expect(traceparentOf(request?.headers ?? {}).traceId).toBe(sent.traceId);
    expect(said.filter((line) => /Throughline|Content Security Policy|TrustedScript/.test(line))).toEqual([]);
  });

  test('hands over what failed before the agent came, and is gone then', async () => {
    const error = await eventWhere(shop, page, (event) => attributesOf(event)['exception.type'] === 'RangeError');
    const root = await spanWhere(shop, page, ({ name }) => name === 'page load /');
    expect(error.traceId).toBe(root.traceId);
    const state = await page.evaluate(() => {
      const agent = (window as unknown as { throughline: { stop(): void } }).throughline;
      agent.stop();
      return { text: fetch.toString(), left: 'throughline' in window };
    });
    expect(state).toEqual({ text: 'function fetch() { [native code] }', left: false });
  });
});
