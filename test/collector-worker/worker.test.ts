import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeLedger } from '../../src/wire/ledger.ts';
import { SCOPE_LEDGER } from '../../src/wire/names.ts';
import type { OtlpSpan } from '../../src/wire/otlp.ts';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, SECRET_KEY, TEST_KEYS } from '../support/running-collector.ts';
import { type RunningWorker, runCollectorWorker } from '../support/running-collector-worker.ts';

const FREE_PLAN_BYTES = 3_000_000;
const NOTHING = { produced: 0, unsampled: 0, acknowledged: 0, pending: 0, stored: 0, unstored: 0, dropped: {} };

let worker: RunningWorker;
beforeAll(async () => {
  worker = await runCollectorWorker({ keys: TEST_KEYS, readToken: 'a-read-token', env: { THROUGHLINE_LOCAL: '' } });
});
afterAll(() => worker.stop());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${worker.url}${path}`, { headers });
const READ = { authorization: 'Bearer a-read-token' };
const post = (url: string, body: object) =>
  fetch(`${url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body: JSON.stringify(body) });

describe('the Worker as it is deployed', () => {
  test('its bundle stands for itself, and fits the smallest plan many times', () => {
    const bundle = readFileSync('dist/collector-worker.js', 'utf8');
    const imports = [...bundle.matchAll(/^(?:import|export)\b.* from ["']([^"']+)["'];$/gm)].map(([, from]) => from);
    expect(imports.sort()).toEqual(['cloudflare:workers', 'node:crypto', 'node:zlib']);
    expect(gzipSync(bundle).length).toBeLessThan(FREE_PLAN_BYTES / 5);
  });

  test('the guide prints the configuration that is kept with the sources', () => {
    const read = (text: string) => JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''));
    const printed =
      /```jsonc\n(\{[\s\S]*?\n\})\n```/.exec(readFileSync('docs/guides/deploy-cloudflare.md', 'utf8'))?.[1] ?? '';
    const kept = read(readFileSync('edge/collector-worker/wrangler.jsonc', 'utf8'));
    expect(read(printed)).toEqual({ ...kept, main: 'node_modules/throughline/dist/collector-worker.js' });
  });

  test('pages send with a public key, backends with a secret one, and nobody without', async () => {
    const [page, backend] = [makeSpan(), makeSpan()];
    expect((await post(worker.url, makePayload({ spans: [page] }))).status).toBe(200);
    const send = (headers: Record<string, string>) =>
      fetch(`${worker.url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', ...headers },
        body: gzipSync(JSON.stringify(makePayload({ spans: [backend] }))),
      });
    expect((await send({ authorization: `Bearer ${SECRET_KEY}` })).status).toBe(200);
    expect((await send({})).status).toBe(401);
    expect((await fetch(`${worker.url}/otlp?k=pk_nobody_knows`, { method: 'POST', body: '{}' })).status).toBe(401);
    for (const { traceId } of [page, backend]) expect((await get(`/api/traces/${traceId}`, READ)).status).toBe(200);
  });

  test('whoever reads needs the token, whatever name or address he comes from', async () => {
    for (const path of [
      '/api/traces',
      '/api/stats',
      '/api/live',
      '/metrics',
      '/tempo/api/search',
      '/jaeger/api/services',
    ])
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'cf-connecting-ip': '127.0.0.1' }])
        expect([path, (await get(path, headers)).status]).toEqual([path, 401]);
  });

  test('without a token nobody reads, this machine included', async () => {
    const closed = await runCollectorWorker({ keys: TEST_KEYS, env: { THROUGHLINE_LOCAL: '' } });
    const response = await fetch(`${closed.url}/api/stats`);
    expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('THROUGHLINE_READ_TOKEN')]);
    await closed.stop();
  });

  test('the viewer and the script come from the bundle', async () => {
    const page = await get('/');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path as string);
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const file of files) {
      const response = await get(file);
      expect(response.headers.get('cache-control')).toContain('immutable');
      expect(response.headers.get('content-type')).toMatch(file.endsWith('.css') ? 'text/css' : 'text/javascript');
      expect((await response.text()).length).toBeGreaterThan(10_000);
    }
    const script = await get('/throughline.js');
    expect(script.headers.get('access-control-allow-origin')).toBe('*');
    expect(await script.text()).toContain('dataset');
    const etag = script.headers.get('etag') as string;
    expect((await get('/throughline.js', { 'if-none-match': etag })).status).toBe(304);
  });

  test('a setting that is none is refused at the first request, and told in the log', async () => {
    const broken = await runCollectorWorker({ env: { THROUGHLINE_SHARDS: '0' } });
    const response = await fetch(`${broken.url}/api/stats`);
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('not set up')]);
    await broken.stop();
  });
});

test('with more shards a trace stays where it began, and what is sent again is found there', async () => {
  const persistTo = mkdtempSync(join(tmpdir(), 'throughline-shards-'));
  const roots = Array.from({ length: 30 }, () => makeSpan());
  const childOf = ({ traceId, spanId }: OtlpSpan) => makeSpan({ traceId, parentSpanId: spanId });
  const two = await runCollectorWorker({ keys: TEST_KEYS, persistTo, env: { THROUGHLINE_SHARDS: '2' } });
  expect((await post(two.url, makePayload({ spans: roots }))).status).toBe(200);
  await two.stop();
  const five = await runCollectorWorker({ keys: TEST_KEYS, persistTo, env: { THROUGHLINE_SHARDS: '5,2' } });
  const fresh = makeSpan();
  const again = [...roots, ...roots.map(childOf), fresh];
  expect((await post(five.url, makePayload({ spans: again }))).status).toBe(200);
  expect(await (await fetch(`${five.url}/api/ledger`)).json()).toMatchObject({
    keys: [{ received: 91, stored: 61, duplicate: 30 }],
  });
  expect(await (await fetch(`${five.url}/api/stats`)).json()).toMatchObject({ spans: 61, traces: 31 });
  await five.stop();
  const onlyNew = await runCollectorWorker({ keys: TEST_KEYS, persistTo, env: { THROUGHLINE_SHARDS: '5' } });
  expect(await (await fetch(`${onlyNew.url}/api/stats`)).json()).toMatchObject({ spans: 1, traces: 1 });
  expect((await fetch(`${onlyNew.url}/api/traces/${fresh.traceId}`)).status).toBe(200);
  await onlyNew.stop();
  rmSync(persistTo, { recursive: true });
});

test('the loss ledger is that of all isolates, and outlives them', async () => {
  const persistTo = mkdtempSync(join(tmpdir(), 'throughline-ledger-'));
  const session = 'a'.repeat(32);
  const totals = {
    produced: 9,
    unsampled: 0,
    acknowledged: 6,
    pending: 1,
    stored: 0,
    unstored: 0,
    dropped: { queue_full: 2 },
  };
  const log = encodeLedger({ page: 'b'.repeat(16), session, totals }, Date.now());
  const payload = makePayload({ spans: [makeSpan(), makeSpan()] });
  const books = { resource: {}, scopeLogs: [{ scope: { name: SCOPE_LEDGER }, logRecords: [log] }] };
  const first = await runCollectorWorker({ keys: TEST_KEYS, persistTo });
  for (const _ of ['first', 'again']) {
    expect((await post(first.url, { ...payload, resourceLogs: [books] })).status).toBe(200);
  }
  expect((await post(first.url, makePayload({ spans: [{ ...makeSpan(), traceId: 'zz' }] }))).status).toBe(200);
  const read = async (url: string, query = '') => (await fetch(`${url}/api/ledger${query}`)).json();
  const before = [await read(first.url), await read(first.url, `?sessionId=${session}`)];
  expect(before[0]).toMatchObject({
    keys: [{ keyId: 'web', received: 5, stored: 2, duplicate: 2, agents: { pages: 1, produced: 9 } }],
  });
  expect(before[1]).toMatchObject({ agents: { produced: 9, pending: 1, unknownLoss: 0 }, pages: [{ keyId: 'web' }] });
  await first.stop();
  const second = await runCollectorWorker({ keys: TEST_KEYS, persistTo });
  expect([await read(second.url), await read(second.url, `?sessionId=${session}`)]).toEqual(before);
  expect(await (await fetch(`${second.url}/metrics`)).text()).toContain(
    'throughline_records_total{key="web",outcome="stored"} 2',
  );
  await second.stop();
  rmSync(persistTo, { recursive: true });
});

test('the books are summed up now and then, and nothing of them is lost by that', async () => {
  const persistTo = mkdtempSync(join(tmpdir(), 'throughline-ledger-'));
  const first = await runCollectorWorker({ keys: TEST_KEYS, persistTo });
  // Each brings the books of 60 pages: in 40 times the object sums up once, and has some left over.
  for (let i = 0; i < 40; i += 1) {
    const logRecords = Array.from({ length: 60 }, (_, page) => {
      const totals = { ...NOTHING, produced: 2, acknowledged: 2 };
      return encodeLedger({ page: (i * 60 + page).toString(16).padStart(16, '0'), session: '', totals }, Date.now());
    });
    const books = { resource: {}, scopeLogs: [{ scope: { name: SCOPE_LEDGER }, logRecords }] };
    const body = { ...makePayload({ spans: [makeSpan()] }), resourceLogs: [books] };
    expect((await post(first.url, body)).status).toBe(200);
  }
  const expected = { keys: [{ received: 40, stored: 40 }], agents: { pages: 2400, produced: 4800, unknownLoss: 0 } };
  expect(await (await fetch(`${first.url}/api/ledger`)).json()).toMatchObject(expected);
  await first.stop();
  const second = await runCollectorWorker({ keys: TEST_KEYS, persistTo });
  expect(await (await fetch(`${second.url}/api/ledger`)).json()).toMatchObject(expected);
  await second.stop();
  rmSync(persistTo, { recursive: true });
});
