import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TraceView } from '../../edge/trace/trace-view.ts';
import { sessionAddress } from '../../edge/viewer/model/address.ts';
import { createTotals, encodeLedger } from '../../src/wire/ledger.ts';
import { ATTR_SESSION_ID, SCOPE_LEDGER } from '../../src/wire/names.ts';
import { launchBrowser } from '../support/browser.ts';
import { type CollectorProcess, spawnCollector } from '../support/running-collector.ts';
import { viewToOtlp } from '../support/view-to-otlp.ts';
import { startViewerServer } from '../support/viewer-server.ts';
import { failedClick, productPage } from '../support/viewer-traces.ts';

let browser: Browser;
let collector: CollectorProcess;
let data: string;
let page: Page;
let problems: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  data = mkdtempSync(join(tmpdir(), 'throughline-viewer-'));
  collector = await spawnCollector({ data });
});
afterAll(async () => {
  await browser.close();
  await collector.kill('SIGTERM');
  rmSync(data, { recursive: true, force: true });
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
});
afterEach(async () => {
  await page.close();
  expect(problems).toEqual([]);
});

async function send(view: TraceView): Promise<void> {
  for (const body of viewToOtlp(view)) {
    for (const signal of ['traces', 'logs']) {
      const response = await fetch(`${collector.url}/v1/${signal}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(response.status).toBe(200);
    }
  }
}

function attributeOf(view: TraceView, key: string): string {
  return String(view.spans.map(({ attributes }) => attributes[key]).find((value) => value !== undefined));
}

const nowMs = () => Date.now() - 5000;

test('a trace that arrives appears in the open list by itself, and opens as one tree', async () => {
  await page.goto(collector.url);
  await page.getByText('No traces yet').waitFor();
  await page.locator('.live-live').waitFor();
  const product = productPage('11'.repeat(16), nowMs());
  await send(product);
  const row = page.locator('.trace-row', { has: page.locator(`[data-trace="${product.traceId}"]`) });
  await row.waitFor();
  await expect.poll(() => row.locator('.cell-count').textContent(), { timeout: 10_000 }).toBe('24');
  await expect
    .poll(() => row.locator('.cell-vital').first().textContent(), { timeout: 10_000 })
    .toBe('2.7\u202fs, needs improvement');
  await row.locator('.trace-link').click();
  await page.locator('.row').first().waitFor();
  expect(await page.locator('.row .row-text').allTextContents()).toEqual(product.spans.map((span) => span.name));
  expect(await page.locator('.minimap-names').textContent()).toBe('BrowserEdgeBackend');
  expect(await page.locator('.note').count()).toBe(0);
});

test('filters find what the collector finds, and a session is shown in the order of time', async () => {
  const startMs = nowMs();
  await send(productPage('21'.repeat(16), startMs));
  await send(failedClick('22'.repeat(16), startMs + 3000));
  await page.goto(`${collector.url}/?error=true`);
  await page.locator('.trace-row').first().waitFor();
  expect(new Set(await page.locator('.trace-name').allTextContents())).toEqual(new Set(['click add to cart']));
  await page.locator('.trace-link').first().click();
  await page.getByRole('link', { name: 'Session' }).click();
  await page.locator('.session').waitFor();
  const ids = await page
    .locator('.trace-link')
    .evaluateAll((links) => links.map((link) => (link as HTMLElement).dataset.trace));
  expect(ids.slice(-2)).toEqual(['21'.repeat(16), '22'.repeat(16)]);
  await page.goto(`${collector.url}/?minDurationMs=abc&name=page`);
  await page.locator('.trace-row').first().waitFor();
});

test('the collector’s account is open to see, and nothing in it is missing', async () => {
  await send(productPage('31'.repeat(16), nowMs()));
  await page.goto(collector.url);
  await page.getByRole('button', { name: 'Collector' }).click();
  const account = page.locator('section', { hasText: 'since the collector started' });
  const row = (name: string) => account.locator('tr', { hasText: name }).locator('td');
  await row('Unaccounted for').waitFor();
  expect(await row('Unaccounted for').textContent()).toBe('0');
  // Every span went to /v1/traces and every body came again to /v1/logs, which keeps but the log records of it.
  expect(Number((await row('Received').textContent())?.replace(/\D/g, ''))).toBeGreaterThanOrEqual(29);
  await page.keyboard.press('Escape');
});

test('what pages say became of what they made is told by session and in all, a loss nobody explains too', async () => {
  const view = productPage('32'.repeat(16), nowMs());
  await send(view);
  const session = attributeOf(view, ATTR_SESSION_ID);
  const totals = { ...createTotals(), produced: 30, acknowledged: 24, pending: 2, dropped: { page_exit: 3 } };
  const scopeLogs = [
    {
      scope: { name: SCOPE_LEDGER },
      logRecords: [encodeLedger({ page: '3232323232323232', session, totals }, nowMs())],
    },
  ];
  const response = await fetch(`${collector.url}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource: { attributes: [] }, scopeLogs }] }),
  });
  expect(response.status).toBe(200);
  await page.goto(`${collector.url}${sessionAddress(session)}`);
  await page.locator('.session-account').waitFor();
  expect(await page.locator('.session-account').textContent()).toBe(
    '24 of 30 spans and events arrived · 2 waiting · 3 dropped (page exit) · 1 lost without a reason',
  );
  await page.getByRole('button', { name: 'Collector' }).click();
  const row = page.locator('.stats tr', { hasText: 'Lost without a reason' });
  await row.waitFor();
  expect([await row.locator('td').textContent(), await row.getAttribute('class')]).toEqual(['1', 'bad']);
  await page.keyboard.press('Escape');
});

test('a trace is saved as OTLP/JSON, and the file opens where there is no collector', async () => {
  const click = failedClick('33'.repeat(16), nowMs());
  await send(click);
  await page.goto(`${collector.url}/traces/${click.traceId}`);
  await page.locator('.row').first().waitFor();
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'OTLP' }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toBe(`trace-${click.traceId}.json`);
  const file = join(data, 'saved.json');
  await download.saveAs(file);
  expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')))).toEqual(['resourceSpans', 'resourceLogs']);

  const elsewhere = await startViewerServer();
  try {
    await page.goto(elsewhere.url);
    await page.getByLabel('Trace file').setInputFiles(file);
    await page.waitForURL(`${elsewhere.url}/traces/${click.traceId}`);
    expect(await page.locator('.row .row-text').allTextContents()).toEqual(click.spans.map((span) => span.name));
    await page.locator('.row').first().click();
    expect(await page.locator('.exception-message').textContent()).toContain('Cannot read properties');
    expect(elsewhere.requests.filter((path) => path.includes(click.traceId))).toEqual([]);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.waitForURL(`${elsewhere.url}/`);
    await page.goto('about:blank');
  } finally {
    await elsewhere.close();
  }
});

test('a file of several requests a line is a list; one that is no trace says why', async () => {
  const lines = [productPage('41'.repeat(16)), failedClick('42'.repeat(16))]
    .flatMap(viewToOtlp)
    .map((body) => JSON.stringify(body));
  const many = join(data, 'many.jsonl');
  writeFileSync(many, `${lines.join('\n')}\n`);
  await page.goto(collector.url);
  await page.getByLabel('Trace file').setInputFiles(many);
  await page.getByText('many.jsonl: 2 traces').waitFor();
  expect(await page.locator('.trace-name').allTextContents()).toEqual(['click add to cart', 'page load /product/{id}']);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.locator('.row').first().waitFor();
  for (const [name, content, said] of [
    ['broken.json', '{"resourceSpans":[', 'not JSON'],
    ['other.json', '{"hello":"world"}', 'holds no spans'],
    ['deep.json', '['.repeat(5000), 'deeper than'],
  ] as const) {
    writeFileSync(join(data, name), content);
    await page.getByLabel('Trace file').setInputFiles(join(data, name));
    await page.locator('.file-bar.problem', { hasText: said }).waitFor();
  }
});

test('a file dropped on the window opens', async () => {
  const body = JSON.stringify(viewToOtlp(productPage('51'.repeat(16)))[0]);
  await page.goto(collector.url);
  await page.locator('.top-bar').waitFor();
  await page.evaluate((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], 'dropped.json', { type: 'application/json' }));
    for (const type of ['dragover', 'drop']) {
      window.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
  }, body);
  await page.getByText('dropped.json: 1 trace,').waitFor();
  await page.locator('.row').first().waitFor();
});

test('the collector going away is said, and its coming back is noticed', async () => {
  const own = mkdtempSync(join(tmpdir(), 'throughline-viewer-'));
  const first = await spawnCollector({ data: own });
  const port = new URL(first.url).port;
  await page.goto(first.url);
  await page.locator('.live-live').waitFor();
  await first.kill('SIGKILL');
  await page.getByRole('button', { name: 'Reconnecting' }).waitFor();
  const second = await spawnCollector({ data: own, args: ['--port', port] });
  await page.locator('.live-live').waitFor();
  await page.goto('about:blank');
  await second.kill('SIGTERM');
  rmSync(own, { recursive: true, force: true });
  problems = problems.filter((text) => !/net::ERR_/.test(text));
});
