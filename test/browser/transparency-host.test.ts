import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { STORAGE_KEYS } from '../../src/browser/storage.ts';
import { launchBrowser } from '../support/browser.ts';
import { HOST_BEHAVIOURS } from '../support/host-behaviours.ts';
import { type RecordingCollector, startRecordingCollector } from '../support/recording-collector.ts';
import { type Site, type SiteRequest, startSite } from '../support/site.ts';

/** One page with the agent, one without; all behaviours run on both. */
interface Host {
  page: Page;
  site: Site;
  foreign: Site;
}

let browser: Browser;
let collector: RecordingCollector;
let bare: Host;
let traced: Host;

beforeAll(async () => {
  browser = await launchBrowser();
  collector = await startRecordingCollector(() => readFileSync('dist/throughline.js', 'utf8'));
  const tag = `<script src="/throughline.js" data-collector="${collector.origin}" data-key="pk_test" data-service="shop-web" data-instrumentations="console"></script>`;
  bare = await openHost('');
  traced = await openHost(tag);
  expect(await traced.page.evaluate(() => 'throughline' in window)).toBe(true);
});
afterAll(async () => {
  await Promise.all([bare, traced].flatMap(({ site, foreign }) => [site.close(), foreign.close()]));
  await collector.close();
  await browser.close();
});

async function openHost(tag: string): Promise<Host> {
  const foreign = await startSite({ apiHeaders: () => ({ 'access-control-allow-origin': '*' }) });
  const site = await startSite({ page: () => `<!doctype html><title>shop</title>${tag}<body>shop</body>` });
  const page = await (await browser.newContext()).newPage();
  await page.goto(site.origin);
  return { page, site, foreign };
}

async function behave({ page, site, foreign }: Host, code: string) {
  const [own, others] = [site.requests.length, foreign.requests.length];
  const noticed = await page.evaluate(
    `(async () => {
      const foreign = ${JSON.stringify(foreign.origin)};
      const outcome = async (act) => {
        let result;
        try { result = act() } catch (error) { return ['threw', error.name, error.message] }
        try { return ['answered', await result].map((v) => (typeof v === 'object' && v !== null && !Array.isArray(v) ? v.constructor.name : v)) }
        catch (error) { return ['rejected', error?.name, error?.message ?? error] }
      };
      const answer = await (async () => { ${code} })();
      return JSON.stringify(answer, (_, value) => (value === undefined ? 'undefined' : value));
    })()`,
  );
  // A beacon leaves when the browser likes, and must not be counted with what comes next.
  if (code.includes('sendBeacon('))
    await vi.waitFor(
      () => expect(site.requests.slice(own).some(({ url }) => url.pathname === '/api/beacon')).toBe(true),
      5000,
    );
  const neutral = (text: unknown) => String(text).replaceAll(site.origin, 'SITE').replaceAll(foreign.origin, 'FOREIGN');
  const asked = ({ method, url, headers }: SiteRequest) => ({
    method,
    path: neutral(url.pathname + decodeURIComponent(url.search)),
    // What ours are told on purpose, or by the mode that keeps it from others; whether others are is checked below.
    headers: Object.entries(headers)
      .filter(([name]) => !/^(traceparent|tracestate|sec-fetch-mode|host|connection|sec-websocket-key)$/.test(name))
      .map(([name, value]) => `${name}: ${neutral(value)}`)
      .sort(),
  });
  const byPath = (a: { path: string }, b: { path: string }) => a.path.localeCompare(b.path);
  return {
    noticed: neutral(noticed),
    // A safe request that is redirected to another origin is made once more without our headers, so that it gets none;
    // one that was taken back may never have left.
    site: site.requests
      .slice(own)
      .map(asked)
      .filter(({ path }) => path !== '/favicon.ico' && !/^\/api\/(go\?redirect=FOREIGN|fleeting)/.test(path))
      .sort(byPath),
    foreign: foreign.requests.slice(others).map(asked).sort(byPath),
    told: foreign.requests
      .slice(others)
      .filter(({ headers }) => headers.traceparent ?? headers.tracestate ?? headers.baggage).length,
  };
}

describe('a page with the agent and one without notice the same', () => {
  test.each(Object.entries(HOST_BEHAVIOURS))('%s', async (_, code) => {
    const without = await behave(bare, code);
    const withAgent = await behave(traced, code);
    expect(withAgent).toEqual(without);
    expect(withAgent.told).toBe(0);
  });

  test('globals: one name and the registry of the OpenTelemetry API', async () => {
    const globals = (host: Host) => host.page.evaluate(() => Reflect.ownKeys(window).map(String));
    const known = new Set(await globals(bare));
    expect((await globals(traced)).filter((name) => !known.has(name))).toEqual([
      'throughline',
      'Symbol(opentelemetry.js.api.1)',
    ]);
    expect(await traced.page.evaluate(() => Object.keys(window).includes('throughline'))).toBe(false);
  });

  test('storage: only the keys that are declared, and no cookie', async () => {
    const keys = await traced.page.evaluate(() => [
      Object.keys(localStorage),
      Object.keys(sessionStorage),
      document.cookie,
    ]);
    const [local, session, cookie] = keys as [string[], string[], string];
    const isDeclared = (key: string) =>
      STORAGE_KEYS.some((declared) => (declared.endsWith('.') ? key.startsWith(declared) : key === declared));
    expect(local.filter((key) => !isDeclared(key))).toEqual([]);
    expect([session, cookie]).toEqual([[], '']);
  });
});
