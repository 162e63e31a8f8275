import { afterEach, describe, expect, test } from 'vitest';
import type { TraceSummary } from '../../edge/api/index.ts';
import { encodeAttributes } from '../../src/wire/otlp.ts';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, type RunningCollector, runCollector, SECRET_KEY } from '../support/running-collector.ts';

let running: RunningCollector;
afterEach(() => running.stop());

const READ_TOKEN = 'a-read-token';

/** Sends a page's trace and answers its row in the list. */
async function sent(headers: Record<string, string>, resource: Record<string, string> = {}): Promise<TraceSummary> {
  const span = makeSpan({ attributes: encodeAttributes({ 'url.template': '/cart' }) });
  const body = JSON.stringify(makePayload({ spans: [span] }, { resource }));
  const response = await fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  return rowOf(span.traceId);
}

async function rowOf(traceId: string): Promise<TraceSummary> {
  const response = await fetch(`${running.url}/api/traces?limit=500`, {
    headers: { authorization: `Bearer ${READ_TOKEN}` },
  });
  const { traces } = (await response.json()) as { traces: TraceSummary[] };
  return traces.find((trace) => trace.traceId === traceId) as TraceSummary;
}

describe('behind a proxy', () => {
  test.each([
    ['cf-ipcountry', 'ch', 'CH'],
    ['cloudfront-viewer-country', 'DE', 'DE'],
    ['x-vercel-ip-country', 'FR', 'FR'],
    ['x-appengine-country', 'US', 'US'],
    ['cf-ipcountry', 'XX', ''],
    ['cf-ipcountry', 'T1', ''],
    ['cf-ipcountry', '<script>', ''],
    ['x-country', 'CH', ''],
  ])('%s: %s is %j', async (header, value, country) => {
    running = await runCollector({ behindProxy: true, readToken: READ_TOKEN });
    expect((await sent({ [header]: value })).country).toBe(country);
  });

  test('what the proxy says stands over what the page says, and the list is filtered by it', async () => {
    running = await runCollector({ behindProxy: true, readToken: READ_TOKEN });
    const swiss = await sent({ 'cf-ipcountry': 'CH' }, { 'geo.country.iso_code': 'US' });
    expect(swiss.country).toBe('CH');
    await sent({ 'cf-ipcountry': 'DE' });
    const response = await fetch(`${running.url}/api/traces?country=ch`, {
      headers: { authorization: `Bearer ${READ_TOKEN}` },
    });
    const { traces } = (await response.json()) as { traces: TraceSummary[] };
    expect(traces.map(({ traceId }) => traceId)).toEqual([swiss.traceId]);
  });

  test('a trusted sender is not where its request comes from', async () => {
    running = await runCollector({ behindProxy: true, readToken: READ_TOKEN });
    const span = makeSpan();
    const response = await fetch(`${running.url}/v1/traces`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRET_KEY}`, 'content-type': 'application/json', 'cf-ipcountry': 'CH' },
      body: JSON.stringify(makePayload({ spans: [span] }, { resource: { 'geo.country.iso_code': 'FR' } })),
    });
    expect(response.status).toBe(200);
    expect((await rowOf(span.traceId)).country).toBe('FR');
  });
});

test('without a proxy nobody’s header is believed', async () => {
  running = await runCollector({ readToken: READ_TOKEN });
  expect((await sent({ 'cf-ipcountry': 'CH' })).country).toBe('');
});
