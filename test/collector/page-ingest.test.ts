import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ATTR_CLOCK_OFFSET, ATTR_KEY_ID, ATTR_TRUST } from '../../src/wire/names.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import {
  PUBLIC_KEY,
  type RunningCollector,
  runCollector,
  SECRET_KEY,
  TEST_KEYS,
} from '../support/running-collector.ts';

let running: RunningCollector;
beforeAll(async () => {
  running = await runCollector({
    keys: [
      ...TEST_KEYS,
      { id: 'narrow', key: 'pk_narrow_key', kind: 'public', services: ['shop-web'], origins: ['https://shop.example'] },
    ],
  });
});
afterAll(() => running.stop());

const ORIGIN = { origin: 'https://shop.example' };
function post(body: BodyInit, { query = `k=${PUBLIC_KEY}`, headers = ORIGIN as HeadersInit } = {}) {
  return fetch(`${running.url}/otlp?${query}`, { method: 'POST', body, headers });
}
const traceOf = (traceId: string) => running.store.trace(traceId);

describe('a page’s batch', () => {
  test('as text/plain, spans and log records together, is stored and answered in a few bytes', async () => {
    const span = makeSpan();
    const log = makeLog({ eventName: 'exception', traceId: span.traceId, spanId: span.spanId });
    const response = await post(JSON.stringify(makePayload({ spans: [span], logs: [log] })));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{}');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    expect(response.headers.get('cache-control')).toBeNull();
    const stored = await traceOf(span.traceId);
    expect(stored?.spans[0]?.span).toMatchObject({ spanId: span.spanId, name: span.name });
    expect(stored?.logs[0]?.log).toMatchObject({ eventName: 'exception' });
  });

  test.each([
    ['without a type, known by its first bytes', `k=${PUBLIC_KEY}`, {}],
    ['named in the query', `k=${PUBLIC_KEY}&z=gz`, {}],
    ['named in a header', `k=${PUBLIC_KEY}`, { 'content-encoding': 'gzip' }],
  ])('gzip %s', async (_, query, headers) => {
    const span = makeSpan();
    const response = await post(new Blob([gzipSync(JSON.stringify(makePayload({ spans: [span] })))]), {
      query,
      headers,
    });
    expect(response.status).toBe(200);
    expect((await traceOf(span.traceId))?.spans).toHaveLength(1);
  });

  test('is labelled with where it came from, over what it says itself', async () => {
    const span = makeSpan();
    const sentAt = Date.now() - 3_600_000;
    const lies = { [ATTR_TRUST]: 'trusted', [ATTR_KEY_ID]: 'server', [ATTR_CLOCK_OFFSET]: 5 };
    await post(JSON.stringify(makePayload({ spans: [span] }, { resource: lies, sentAt })));
    const attributes = (await traceOf(span.traceId))?.spans[0]?.resource.attributes ?? [];
    const read = (name: string) => attributes.filter(({ key }) => key === name).map(({ value }) => value);
    expect(read(ATTR_TRUST)).toEqual([{ stringValue: 'public' }]);
    expect(read(ATTR_KEY_ID)).toEqual([{ stringValue: 'web' }]);
    expect(Number(read(ATTR_CLOCK_OFFSET)[0]?.intValue)).toBeGreaterThanOrEqual(3_600_000);
    expect(Number(read(ATTR_CLOCK_OFFSET)[0]?.intValue)).toBeLessThan(3_620_000);
  });

  test('sent again under its id, or without one, is stored and counted once', async () => {
    const span = makeSpan();
    const log = makeLog({ body: { stringValue: 'x' }, traceId: span.traceId });
    const body = JSON.stringify(makePayload({ spans: [span], logs: [log] }, { sentAt: Date.now() }));
    const before = (await running.store.stats()).spans;
    for (const query of [
      `k=${PUBLIC_KEY}&b=00000000000000aa`,
      `k=${PUBLIC_KEY}&b=00000000000000AA`,
      `k=${PUBLIC_KEY}`,
    ]) {
      const response = await post(body, { query });
      expect(await response.text()).toBe('{}');
    }
    expect((await running.store.stats()).spans).toBe(before + 1);
    const stored = await traceOf(span.traceId);
    expect([stored?.spans.length, stored?.logs.length]).toEqual([1, 1]);
  });

  test('with some bad records keeps the good ones and says how many were refused, and why', async () => {
    const good = makeSpan();
    const body = makePayload({ spans: [good, makeSpan({ traceId: 'xyz' }), 5], logs: [makeLog(), {}] });
    const response = await post(JSON.stringify(body));
    expect(response.status).toBe(200);
    const { partialSuccess } = (await response.json()) as { partialSuccess: Record<string, string> };
    expect(partialSuccess).toMatchObject({ rejectedSpans: '2', rejectedLogRecords: '1' });
    expect(partialSuccess.errorMessage).toContain('1 invalid_id (traceId must be 32 hex digits');
    expect((await traceOf(good.traceId))?.spans).toHaveLength(1);
  });

  test('a span with known ids and other content is a conflict: the first stays', async () => {
    const span = makeSpan();
    await post(JSON.stringify(makePayload({ spans: [span] })));
    const response = await post(JSON.stringify(makePayload({ spans: [{ ...span, name: 'forged' }] })));
    expect(await response.json()).toMatchObject({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('1 conflict') },
    });
    expect((await traceOf(span.traceId))?.spans.map((record) => record.span.name)).toEqual([span.name]);
  });

  test('a page’s span never takes the place of a trusted one', async () => {
    const span = makeSpan();
    const trusted = await fetch(`${running.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET_KEY}` },
      body: JSON.stringify(makePayload({ spans: [span] }, { service: 'shop-backend' })),
    });
    expect(trusted.status).toBe(200);
    await post(JSON.stringify(makePayload({ spans: [{ ...span, name: 'forged' }] }, { service: 'shop-backend' })));
    const stored = await traceOf(span.traceId);
    expect(stored?.spans.map((record) => record.span.name)).toEqual([span.name]);
  });

  test('times from far in the future are refused, of a clock that is measured wrong they are not', async () => {
    const week = 7 * 24 * 3_600_000;
    const startTimeUnixNano = `${Date.now() + week}000000`;
    const ahead = makeSpan({ startTimeUnixNano, endTimeUnixNano: startTimeUnixNano });
    const refused = await post(JSON.stringify(makePayload({ spans: [ahead] }, { sentAt: Date.now() })));
    expect(await refused.json()).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    const taken = await post(JSON.stringify(makePayload({ spans: [ahead] }, { sentAt: Date.now() + week })));
    expect(await taken.text()).toBe('{}');
  });
});

describe('keys, origins and services', () => {
  const body = JSON.stringify(makePayload({ spans: [makeSpan()] }));
  test.each([
    ['no key', '', ORIGIN, 401, 'data-key'],
    ['an unknown key', 'k=pk_unknown_key', ORIGIN, 401, 'Unknown key'],
    ['a secret key in a page', `k=${SECRET_KEY}`, ORIGIN, 403, 'change the secret'],
    ['a foreign origin', 'k=pk_narrow_key', { origin: 'https://evil.example' }, 403, '"origins"'],
    [
      'an origin that only looks alike',
      'k=pk_narrow_key',
      { origin: 'https://shop.example.evil.example' },
      403,
      '"origins"',
    ],
    ['no origin where one is asked for', 'k=pk_narrow_key', {}, 403, '"origins"'],
    ['a batch id that is none', `k=${PUBLIC_KEY}&b=nope`, ORIGIN, 400, '16 hex digits'],
  ])('%s is refused with what to do', async (_, query, headers, status, sentence) => {
    const response = await post(body, { query, headers });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toContain(sentence);
    // without it the page's console would show a CORS failure instead of the sentence
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('a service the key does not name is refused, the ones it names are kept', async () => {
    const mine = makeSpan();
    const forged = makeSpan();
    const both = {
      resourceSpans: [
        ...(makePayload({ spans: [mine] }).resourceSpans ?? []),
        ...(makePayload({ spans: [forged] }, { service: 'shop-backend' }).resourceSpans ?? []),
      ],
    };
    const response = await post(JSON.stringify(both), { query: 'k=pk_narrow_key' });
    expect(await response.json()).toMatchObject({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('service_not_allowed') },
    });
    expect(await traceOf(mine.traceId)).toBeDefined();
    expect(await traceOf(forged.traceId)).toBeUndefined();
  });

  test('a preflight is answered, in case a sender sets a header', async () => {
    const response = await fetch(`${running.url}/otlp`, { method: 'OPTIONS', headers: ORIGIN });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-max-age')).toBe('7200');
  });
});

describe('what is no batch', () => {
  const whole = gzipSync(JSON.stringify(makePayload({ spans: [makeSpan()] })));
  const damaged = Buffer.from(whole);
  damaged.fill(0xff, 20, 60);
  const cases: Array<[string, BodyInit, number, string]> = [
    ['an empty body', '', 400, 'not JSON'],
    ['text', 'hello', 400, 'not JSON'],
    ['JSON that was cut off', '{"resourceSpans":[{"scope', 400, 'cut off'],
    ['a JSON list', '[]', 400, 'JSON object'],
    ['JSON of something else', '{"events":[]}', 400, 'neither resourceSpans nor resourceLogs'],
    ['snake_case', '{"resource_spans":[]}', 400, 'lowerCamelCase'],
    ['deep nesting', '['.repeat(5000), 400, 'deeper than 32'],
    ['gzip that was cut off', new Blob([whole.subarray(0, whole.length / 2)]), 400, 'cut off'],
    ['damaged gzip', new Blob([damaged]), 400, 'damaged'],
    ['gzip in gzip', new Blob([gzipSync(whole)]), 400, 'not JSON'],
    ['a gzip bomb', new Blob([gzipSync(Buffer.alloc(50_000_000))]), 413, 'split the batch'],
    ['a body over the limit', ' '.repeat(1024 * 1024 + 1), 413, 'split the batch'],
  ];
  test.each(cases)('%s is refused with a sentence', async (_, body, status, sentence) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toContain(sentence);
  });

  test('a body over the limit without a length is refused while it comes', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
        if (sent > 64 * 1024 * 1024) controller.close();
      },
    });
    const response = await fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`, {
      method: 'POST',
      body: endless,
      duplex: 'half',
    } as RequestInit).catch((error: unknown) => error);
    // The answer may lose the race against the connection being closed; the body must not be taken in either way.
    if (response instanceof Response) expect(response.status).toBe(413);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  test('another method is refused', async () => {
    const response = await fetch(`${running.url}/otlp?k=${PUBLIC_KEY}`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST, OPTIONS');
  });
});

test('received = stored + duplicate + rejected, over all of the above', () => {
  const { counters } = running.collector;
  const rejected = Object.values(counters.rejected).reduce((sum, count) => sum + count, 0);
  const kept = counters.storedSpans + counters.storedLogs + counters.duplicateSpans + counters.duplicateLogs;
  expect(counters.receivedSpans + counters.receivedLogs).toBe(kept + rejected);
  expect(counters.refusedRequests['401']).toBe(2);
  expect(counters.refusedRequests['413']).toBeGreaterThanOrEqual(2);
});
