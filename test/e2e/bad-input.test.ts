import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEdge } from '../../demo/run/parts.ts';
import { KEYS, type RunningShop, startShop } from './running-shop.ts';

let shop: RunningShop;
let collector: string;
let pages: Server;

beforeAll(async () => {
  shop = await startShop();
  collector = shop.parts.collector.url;
  pages = createServer((request, response) => {
    const tag = new URL(request.url ?? '/', 'http://localhost').searchParams.get('tag') ?? '';
    response.setHeader('content-type', 'text/html').end(request.url?.startsWith('/data') ? 'data' : pageWith(tag));
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
}, 60_000);
afterAll(async () => {
  await new Promise((resolve) => pages?.close(resolve));
  await shop?.stop();
});

/** A page that works, and says so in its title; how it was told about us is the table's matter. */
function pageWith(attributes: string): string {
  return `<!doctype html><title>before</title><script src="${collector}/throughline.js" ${attributes}></script>
    <script>fetch('/data').then((r) => r.text()).then((text) => { document.title = text; });</script>`;
}

const SCRIPT_TAGS: Array<{ what: string; attributes: string; says: RegExp; sends: boolean }> = [
  { what: 'no key', attributes: 'data-service="shop-web"', says: /data-key/, sends: false },
  {
    what: 'an unknown option',
    attributes: `data-key="${KEYS.page}" data-service="shop-web" data-sample-rate="0.5"`,
    says: /sample-?rate/i,
    sends: true,
  },
  {
    what: 'a value out of range',
    attributes: `data-key="${KEYS.page}" data-service="shop-web" data-sample-ratio="7"`,
    says: /sample-?ratio/i,
    sends: true,
  },
  {
    what: 'a key the collector does not know',
    attributes: 'data-key="pk_nobody" data-service="shop-web"',
    says: /key/,
    sends: true,
  },
];

test.each(SCRIPT_TAGS)(
  'a script tag with $what: one warning in the console, and the page never notices',
  async (row) => {
    const { page, context, pageErrors } = await shop.newVisitor();
    const warnings: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'warning') warnings.push(message.text());
    });
    const batches: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/otlp') batches.push(request.url());
    });
    const { port } = pages.address() as AddressInfo;
    const said = page.waitForEvent('console', (message) => row.says.test(message.text()));
    await page.goto(`http://127.0.0.1:${port}/?tag=${encodeURIComponent(row.attributes)}`);
    await page.waitForFunction(() => document.title === 'data');
    await said;
    if (row.sends) await expect.poll(() => batches.length, { timeout: 15_000 }).toBeGreaterThan(0);
    else expect(batches).toEqual([]);
    expect(warnings.filter((text) => row.says.test(text))).toHaveLength(1);
    expect(pageErrors).toEqual([]);
    await context.close();
  },
);

const DOOMED: Array<{ what: string; path: string; headers?: Record<string, string>; body: BodyInit; says: RegExp }> = [
  { what: 'no JSON', path: '/v1/traces', body: 'hello', says: /JSON/ },
  { what: 'JSON that is not OTLP', path: '/v1/traces', body: '{"resourceSpans":5}', says: /resourceSpans/ },
  {
    what: 'bytes that are no protobuf',
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0x7f, 0x01]),
    says: /protobuf/i,
  },
  {
    what: 'a truncated gzip',
    path: '/v1/traces',
    headers: { 'content-encoding': 'gzip' },
    body: new Uint8Array(gzipSync('{"resourceSpans":[]}').subarray(0, 18)),
    says: /gzip/i,
  },
  { what: 'no OTLP from a page', path: `/otlp?k=${KEYS.page}`, body: 'hello', says: /JSON|OTLP/ },
];

test.each(DOOMED)('$what is refused with a sentence that says why, and nothing else suffers', async (row) => {
  const response = await fetch(collector + row.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...row.headers },
    body: row.body,
  });
  expect(response.status).toBe(400);
  expect(await response.text()).toMatch(row.says);
  expect((await fetch(`${collector}/healthz`)).status).toBe(200);
});

test('an unknown page key is refused with a sentence that says what to do', async () => {
  const response = await fetch(`${collector}/otlp?k=pk_nobody`, { method: 'POST', body: '{"resourceSpans":[]}' });
  expect(response.status).toBe(401);
  expect(((await response.json()) as { error: string }).error).toMatch(/key/);
});

test('an unknown secret key: the worker says so in its log and the visitor gets his page', async () => {
  const log: string[] = [];
  const edge = await startEdge({
    port: 0,
    backend: shop.parts.backend.url,
    collector,
    keys: { ...KEYS, secret: 'sk_nobody' },
    onLine: (line) => log.push(line),
  });
  try {
    const response = await fetch(`${edge.url}/products/1`);
    expect(response.status).toBe(200);
    await expect.poll(() => log.join('\n'), { timeout: 10_000 }).toMatch(/v1\/traces refused spans with 401: .*"key"/);
  } finally {
    await edge.stop();
  }
});

test('the collector is down: the worker says so once, and page, worker and backend go on as if nothing were', async () => {
  const { page, pageErrors } = await shop.newVisitor();
  await shop.killCollector();
  try {
    await page.goto(`${shop.parts.edge.url}/products/1`, { waitUntil: 'load' });
    await page.getByRole('button', { name: 'Add to cart' }).click();
    await page.getByRole('status').getByText('In your cart: 1 piece').waitFor();
    await page.getByRole('link', { name: 'Cart' }).click();
    await page.getByRole('heading', { name: 'Your cart' }).waitFor();
    expect(pageErrors).toEqual([]);
    const complaints = () => shop.log.filter((line) => line.includes('cannot be reached'));
    await expect
      .poll(complaints, { timeout: 15_000 })
      .toEqual([expect.stringMatching(/^worker .*\/v1\/traces cannot/)]);
  } finally {
    await shop.restartCollector();
  }
});
