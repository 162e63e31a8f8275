import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Trace } from '../../demo/run/traces.ts';
import { KEYS, type RunningShop, startShop } from './running-shop.ts';

const SPANS_A_BATCH = 20;
const ACKNOWLEDGED_BEFORE_CRASH = 40;
const SENDERS = 3;

let shop: RunningShop;

beforeAll(async () => {
  shop = await startShop();
}, 60_000);
afterAll(() => shop?.stop());

test('after kill -9 every acknowledged batch is there, and what is sent again counts once', async () => {
  const sent: Batch[] = [];
  const acknowledged: Batch[] = [];
  let crash: Promise<void> | undefined;
  const keepSending = async () => {
    for (;;) {
      const batch = newBatch();
      sent.push(batch);
      const status = await post(batch).catch(() => 0); // expected: it dies in the middle
      if (status !== 200) return status;
      acknowledged.push(batch);
      if (acknowledged.length >= ACKNOWLEDGED_BEFORE_CRASH) crash ??= shop.killCollector();
    }
  };
  expect(await Promise.all(Array.from({ length: SENDERS }, keepSending))).toEqual(Array(SENDERS).fill(0));
  await crash;
  await shop.restartCollector();

  expect(acknowledged.length).toBeGreaterThanOrEqual(ACKNOWLEDGED_BEFORE_CRASH);
  const counts = await Promise.all(acknowledged.map(countSpans));
  expect(counts).toEqual(acknowledged.map(() => SPANS_A_BATCH));

  // Once more as a retry would, and once as a sender that forgot it had sent them.
  for (const batch of sent) expect(await post(batch)).toBe(200);
  for (const batch of sent) expect(await post({ ...batch, batchId: hex(8) })).toBe(200);
  expect(await Promise.all(sent.map(countSpans))).toEqual(sent.map(() => SPANS_A_BATCH));
  const stats = (await (await fetch(`${shop.parts.collector.url}/api/stats`)).json()) as { spans: number };
  expect(stats.spans).toBe(sent.length * SPANS_A_BATCH);
});

test('what a visitor does while the collector is away arrives when it is back', async () => {
  const { page, pageErrors } = await shop.newVisitor();
  await page.goto(`${shop.parts.edge.url}/products/5`, { waitUntil: 'load' });
  await shop.trace((trace) => trace.spans.some(({ attributes }) => attributes['url.path'] === '/products/5'));

  await shop.killCollector();
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByRole('status').getByText('In your cart: 1 piece').waitFor();
  await page.waitForEvent('requestfailed', (request) => request.url().startsWith(shop.parts.collector.url));
  await shop.restartCollector();

  // What a page has seen is kept until it can be sent. Worker and stock SDK give up after seconds, so the line below the
  // page's own spans may have gaps.
  const clicks = async () =>
    (await shop.traces()).flatMap(({ hasRoot, spans }) =>
      hasRoot && spans.some(({ layer, name }) => layer === 'browser' && name === 'POST /api/cart')
        ? spans
            .filter(({ layer }) => layer === 'browser')
            .map(({ name, orphan }) => `${name}${orphan ? ' (orphan)' : ''}`)
        : [],
    );
  await expect.poll(clicks, { timeout: 20_000 }).toEqual(expect.arrayContaining(['click button', 'POST /api/cart']));
  expect(pageErrors).toEqual([]);
  await page.close();
});

interface Batch {
  batchId: string;
  traceId: string;
  body: string;
}

function newBatch(): Batch {
  const traceId = hex(16);
  const now = Date.now();
  const root = hex(8);
  const spans = Array.from({ length: SPANS_A_BATCH }, (_, index) => ({
    traceId,
    spanId: index === 0 ? root : hex(8),
    ...(index === 0 ? {} : { parentSpanId: root }),
    name: `span ${index}`,
    kind: 1,
    startTimeUnixNano: `${now}000000`,
    endTimeUnixNano: `${now + 10}000000`,
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'crash-test' } }] };
  const body = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'crash-test' }, spans }] }], sentAt: now };
  return { batchId: hex(8), traceId, body: JSON.stringify(body) };
}

async function post({ batchId, body }: Batch): Promise<number> {
  const response = await fetch(`${shop.parts.collector.url}/otlp?k=${KEYS.page}&b=${batchId}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain', origin: shop.parts.edge.url },
  });
  await response.arrayBuffer();
  return response.status;
}

async function countSpans({ traceId }: Batch): Promise<number> {
  const response = await fetch(`${shop.parts.collector.url}/api/traces/${traceId}`);
  return ((await response.json()) as Partial<Trace>).spans?.length ?? 0;
}

function hex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
