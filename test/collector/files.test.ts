import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadAssets } from '../../edge/server.ts';
import { type RunningCollector, runCollector } from '../support/running-collector.ts';

let running: RunningCollector;
let dist: string;
beforeAll(async () => {
  dist = mkdtempSync(join(tmpdir(), 'throughline-dist-'));
  mkdirSync(join(dist, 'viewer', 'assets'), { recursive: true });
  writeFileSync(join(dist, 'throughline.js'), `/* ${'agent '.repeat(200)} */`);
  writeFileSync(join(dist, 'secret.txt'), 'secret');
  writeFileSync(join(dist, 'viewer', 'index.html'), '<!doctype html><title>viewer</title>');
  writeFileSync(join(dist, 'viewer', 'assets', 'app-1a2b3c4d.js'), 'export {};');
  running = await runCollector({ assets: loadAssets(dist) });
});
afterAll(async () => {
  await running.stop();
  rmSync(dist, { recursive: true });
});

test('the script is for pages of any origin, compressed and revalidated', async () => {
  const response = await fetch(`${running.url}/throughline.js`, { headers: { 'accept-encoding': 'gzip, br' } });
  expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  expect(response.headers.get('content-encoding')).toBe('br');
  expect(await response.text()).toContain('agent agent');
  const plain = await fetch(`${running.url}/throughline.js`, { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  const etag = response.headers.get('etag') ?? '';
  const again = await fetch(`${running.url}/throughline.js`, { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
});

test('the script has a second name that changes with it, for tags with its hash, and is kept for good under that', async () => {
  const tag = (await fetch(`${running.url}/throughline.js`)).headers.get('etag')?.replaceAll('"', '') ?? '';
  expect(tag).toMatch(/^[\w-]{22}$/);
  const response = await fetch(`${running.url}/throughline-${tag}.js`);
  expect(response.headers.get('cache-control')).toContain('immutable');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(await response.text()).toContain('agent agent');
  expect((await fetch(`${running.url}/throughline-${tag.slice(1)}x.js`)).status).toBe(404);
});

test.each(['/', `/traces/${'a'.repeat(32)}`, '/?sessionId=x'])(
  '%s is the viewer, under a strict policy',
  async (path) => {
    const response = await fetch(running.url + path);
    expect(await response.text()).toContain('<title>viewer</title>');
    const policy = response.headers.get('content-security-policy') ?? '';
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      expect(policy).toContain(rule);
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('no-cache');
  },
);

test('files with a hash in their name are kept for good', async () => {
  const response = await fetch(`${running.url}/assets/app-1a2b3c4d.js`);
  expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
});

test.each([
  '/assets/nothing.js',
  '/assets/..%2f..%2fsecret.txt',
  '/assets/%2e%2e/%2e%2e/secret.txt',
  '/secret.txt',
  '/viewer/index.html',
  '/assets/index.html',
  '/__proto__',
])('%s is not served', async (path) => {
  expect((await fetch(running.url + path)).status).toBe(404);
});

test('without a build the answer says how to make one', async () => {
  const bare = await runCollector({ assets: loadAssets(join(dist, 'nowhere')) });
  for (const path of ['/', '/throughline.js']) {
    const response = await fetch(bare.url + path);
    expect(response.status).toBe(404);
    expect(((await response.json()) as { error: string }).error).toContain('npm run build');
  }
  await bare.stop();
});

test('healthz is ok', async () => {
  expect(await (await fetch(`${running.url}/healthz`)).json()).toEqual({ status: 'ok' });
});
