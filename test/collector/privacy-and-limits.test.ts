import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TraceView } from '../../edge/trace/trace-view.ts';
import { encodeAttributes } from '../../src/wire/otlp.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, runCollector, SECRET_KEY } from '../support/running-collector.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-privacy-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function everyFile(base: string): string[] {
  return readdirSync(base, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const CANARY = 'canary7Xq9';
const withCanaries = (traceId: string) =>
  makePayload({
    spans: [
      makeSpan({
        traceId,
        name: `GET /u/${CANARY}@example.org`,
        attributes: encodeAttributes({
          'url.full': `https://user:${CANARY}@shop.example/x?token=${CANARY}&size=xl`,
          'http.request.header.cookie': CANARY,
          'db.query.text': `-- password=${CANARY}`,
        }),
      }),
    ],
    logs: [makeLog({ traceId, body: { stringValue: `Authorization: Bearer ${CANARY}${CANARY}` } })],
  });

describe('scrubbing', () => {
  test('canaries in every place are in no file on disk, journal and after sealing, and in no answer', async () => {
    const running = await runCollector({ directory });
    const span = makeSpan();
    await fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`, {
      method: 'POST',
      body: JSON.stringify(withCanaries(span.traceId)),
    });
    const files = () => everyFile(directory).map((file) => readFileSync(file, 'latin1'));
    expect(files().some((content) => content.includes('shop-web'))).toBe(true);
    expect(files().some((content) => content.includes(CANARY))).toBe(false);
    const view = (await (await fetch(`${running.url}/api/traces/${span.traceId}`)).json()) as TraceView;
    expect(JSON.stringify(view)).not.toContain(CANARY);
    expect(view.spans[0]?.attributes['url.full']).toBe('https://REDACTED@shop.example/x?token=REDACTED&size=xl');
    expect(running.collector.counters.scrubbed).toMatchObject({ email: 1, key: 1, token: 1 });
    await running.stop();
    expect(files().some((content) => content.includes(CANARY))).toBe(false);
  });

  test('what was scrubbed is still the same when it is sent again', async () => {
    const running = await runCollector({ directory });
    const body = JSON.stringify(withCanaries(makeSpan().traceId));
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body });
      expect(await response.text()).toBe('{}');
    }
    expect(running.collector.counters).toMatchObject({
      storedSpans: 1,
      duplicateSpans: 1,
      storedLogs: 1,
      duplicateLogs: 1,
    });
    await running.stop();
  });

  test('it can be turned off', async () => {
    const running = await runCollector({ directory, scrub: false });
    const span = makeSpan();
    await fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`, {
      method: 'POST',
      body: JSON.stringify(withCanaries(span.traceId)),
    });
    expect(await (await fetch(`${running.url}/api/traces/${span.traceId}`)).text()).toContain(CANARY);
    await running.stop();
  });
});

describe('limits', () => {
  const batch = () => JSON.stringify(makePayload({ spans: Array.from({ length: 20 }, () => makeSpan()) }));

  test('a flood with a page key is 429 with Retry-After and loses trusted senders nothing', async () => {
    const running = await runCollector({ directory, limits: { keyRecordsPerSecond: 10 } });
    const flood = await Promise.all(
      Array.from({ length: 40 }, () => fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body: batch() })),
    );
    const refused = flood.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(10);
    expect(flood.filter(({ status }) => status !== 429 && status !== 200)).toEqual([]);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('access-control-allow-origin')).toBe('*');
    expect(await refused[0]?.json()).toEqual({ error: expect.stringContaining('slow down') });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRET_KEY}` };
    for (let i = 0; i < 10; i++) {
      const response = await fetch(`${running.url}/v1/traces`, { method: 'POST', headers, body: batch() });
      expect(response.status).toBe(200);
    }
    const { counters } = running.collector;
    expect(counters.storedSpans).toBe((flood.length - refused.length + 10) * 20);
    expect(counters.refusedRequests['429']).toBe(refused.length);
    await running.stop();
  });

  test('behind a proxy each network has its own share, by the address our proxy saw', async () => {
    const running = await runCollector({ directory, behindProxy: true, limits: { networkRecordsPerSecond: 1 } });
    const send = (forwarded: string) =>
      fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`, {
        method: 'POST',
        body: batch(),
        headers: { 'x-forwarded-for': forwarded },
      });
    expect((await send('198.51.100.7')).status).toBe(200);
    expect((await send('198.51.100.8')).status).toBe(429);
    // What the client claims stands before what the proxy saw.
    expect((await send('192.0.2.1, 198.51.100.9')).status).toBe(429);
    expect((await send('203.0.113.5')).status).toBe(200);
    await running.stop();
  });

  test('behind a proxy coming from this machine proves nothing', async () => {
    const running = await runCollector({ directory, behindProxy: true });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${running.url}/v1/traces`, { method: 'POST', headers, body: batch() })).status).toBe(401);
    expect((await fetch(`${running.url}/api/stats`)).status).toBe(403);
    await running.stop();
    const unaware = await runCollector({ directory });
    const forwarded = { ...headers, 'x-forwarded-for': '203.0.113.9' };
    expect(
      (await fetch(`${unaware.url}/v1/traces`, { method: 'POST', headers: forwarded, body: batch() })).status,
    ).toBe(401);
    await unaware.stop();
  });
});
