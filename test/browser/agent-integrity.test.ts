import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadAssets } from '../../edge/server.ts';
import { launchBrowser } from '../support/browser.ts';
import { PUBLIC_KEY, type RunningCollector, runCollector } from '../support/running-collector.ts';
import { type Site, startSite } from '../support/site.ts';

/** What generic filter lists hit in names of files, shortened to the words they are made of. */
const BLOCKED_NAMES =
  /(^|[/._-])(ads?|analytics|beacons?|collect|metrics?|pixel|rum|stats?|telemetry|trace?ing|track(er|ing)?|web-?vitals)([/._-]|$)/i;

let browser: Browser;
let collector: RunningCollector;
let site: Site;
let integrity: string;
let pinned: string;
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(async () => {
  collector = await runCollector({ assets: loadAssets('dist') });
  const etag = (await fetch(`${collector.url}/throughline.js`)).headers.get('etag') ?? '';
  pinned = `${collector.url}/throughline-${etag.replaceAll('"', '')}.js`;
  integrity = `sha384-${createHash('sha384').update(readFileSync('dist/throughline.js')).digest('base64')}`;
});
afterEach(() => Promise.all([collector.stop(), site.close()]));
afterAll(() => browser.close());

async function open(hash: string, policy?: string) {
  site = await startSite({
    ...(policy && { headers: () => ({ 'content-security-policy': policy }) }),
    page: () =>
      `<!doctype html><title>shop</title><script nonce="n0" src="${pinned}" integrity="${hash}" crossorigin data-key="${PUBLIC_KEY}"></script>`,
  });
  const page = await browser.newPage();
  await page.goto(site.origin);
  return page;
}
const isRunning = () => 'throughline' in window;

test('the tag with its hash runs the script, also under a policy that trusts only its nonce', async () => {
  const page = await open(
    integrity,
    `script-src 'nonce-n0' 'strict-dynamic'; require-trusted-types-for 'script'; connect-src ${collector.url}`,
  );
  expect(await page.evaluate(isRunning)).toBe(true);
  await page.close();
});

test('with the hash of anything else the browser refuses it, and the page goes on', async () => {
  const page = await open(integrity.replace(/.{8}$/, 'AAAAAAA='));
  expect(await page.title()).toBe('shop');
  expect(await page.evaluate(isRunning)).toBe(false);
  await page.close();
});

test('no name of a file that pages load is one that generic filter lists hit', async () => {
  site = await startSite({});
  const shipped = readdirSync('dist').filter((name) => /^(throughline|loader|index)\b.*\.js$/.test(name));
  const names = [...shipped, new URL(pinned).pathname];
  expect(names).toEqual(expect.arrayContaining(['throughline.js', 'loader.js']));
  expect(BLOCKED_NAMES.test('js/web-vitals.min.js')).toBe(true);
  expect(names.filter((name) => BLOCKED_NAMES.test(name))).toEqual([]);
});
