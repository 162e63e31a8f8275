import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreStats, TracePage } from '../../edge/store/trace-store.ts';
import type { TraceView } from '../../edge/trace/trace-view.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import { type RunningCollector, runCollector, SECRET_KEY, until } from '../support/running-collector.ts';

let running: RunningCollector;
beforeAll(async () => {
  running = await runCollector();
});
afterAll(() => running.stop());

const get = (path: string, headers: HeadersInit = {}) => fetch(`${running.url}${path}`, { headers });
const getJson = async <T>(path: string) => (await (await get(path)).json()) as T;
async function store(payload: object): Promise<void> {
  const response = await fetch(`${running.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload),
  });
  expect(response.status).toBe(200);
}

describe('GET /api/traces', () => {
  test('finds what was stored the moment it was answered, by each condition', async () => {
    const span = makeSpan({
      name: 'GET /needle/{id}',
      status: { code: 2 },
      attributes: [
        { key: 'http.route', value: { stringValue: '/needle/{id}' } },
        { key: 'session.id', value: { stringValue: 'session-needle' } },
      ],
    });
    await store(makePayload({ spans: [span] }, { service: 'haystack' }));
    await store(makePayload({ spans: [makeSpan({ name: 'other' })] }, { service: 'other' }));
    for (const query of [
      'service=haystack',
      'route=/needle/{id}',
      'name=NEEDLE',
      'service=haystack&error=true&minDurationMs=12&maxDurationMs=13',
      'sessionId=session-needle',
      'attribute=http.route=/needle/{id}&attribute=service.name=haystack',
      `service=haystack&fromMs=${Date.now() - 60_000}&toMs=${Date.now()}&route=&cursor=`,
    ]) {
      const { traces } = await getJson<TracePage>(`/api/traces?${query}`);
      expect([query, traces.map(({ traceId }) => traceId)]).toEqual([query, [span.traceId]]);
    }
    expect((await getJson<TracePage>('/api/traces?service=haystack&error=false')).traces).toEqual([]);
  });

  test('pages through with a cursor', async () => {
    for (let i = 0; i < 5; i++) await store(makePayload({ spans: [makeSpan()] }, { service: 'paged' }));
    const seen: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const page: TracePage = await getJson(`/api/traces?service=paged&limit=2&cursor=${encodeURIComponent(cursor)}`);
      expect(page.traces.length).toBeLessThanOrEqual(2);
      seen.push(...page.traces.map(({ traceId }) => traceId));
      cursor = page.nextCursor;
    }
    expect(new Set(seen).size).toBe(5);
  });

  test.each([
    ['limit=0', 'limit must be a whole number from 1 to 500.'],
    ['limit=501', 'limit must be a whole number from 1 to 500.'],
    ['limit=1.5', 'limit must be a whole number from 1 to 500.'],
    ['minDurationMs=abc', 'minDurationMs must be a number that is not negative.'],
    ['fromMs=-1', 'fromMs must be a number that is not negative.'],
    ['attribute==value', 'attribute must be like'],
    ['error=yes', 'error must be true or false.'],
    ['cursor=nonsense', ''],
  ])('%s is refused', async (query, sentence) => {
    const response = await get(`/api/traces?${query}`);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toContain(sentence);
  });
});

describe('GET /api/traces/{traceId}', () => {
  test('gives the assembled tree, and with format=otlp what can be sent on', async () => {
    const root = makeSpan({ name: 'root' });
    const child = makeSpan({ name: 'child', traceId: root.traceId, parentSpanId: root.spanId });
    const log = makeLog({ eventName: 'exception', traceId: root.traceId, spanId: child.spanId });
    await store({ ...makePayload({ spans: [child] }), ...makePayload({ spans: [child, root], logs: [log] }) });
    const view = await getJson<TraceView>(`/api/traces/${root.traceId.toUpperCase()}`);
    expect(view).toMatchObject({ traceId: root.traceId, root: root.spanId, hasRoot: true, warnings: [] });
    expect(view.spans.map(({ name }) => name)).toEqual(['root', 'child']);
    expect(view.events).toMatchObject([{ name: 'exception', spanId: child.spanId }]);

    const exported = await get(`/api/traces/${root.traceId}?format=otlp`);
    expect(exported.headers.get('content-disposition')).toContain(`trace-${root.traceId}.json`);
    const payload = await exported.text();
    const second = await runCollector();
    const resent = await fetch(`${second.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET_KEY}` },
      body: payload,
    });
    expect([resent.status, await resent.text()]).toEqual([200, '{}']);
    const copy = (await (await fetch(`${second.url}/api/traces/${root.traceId}`)).json()) as TraceView;
    expect(copy.spans.map(({ spanId }) => spanId)).toEqual(view.spans.map(({ spanId }) => spanId));
    expect(copy.events.length).toBe(1);
    await second.stop();
  });

  test('an unknown trace is 404, no trace id 400, another format 400, another address 404', async () => {
    const statuses = await Promise.all(
      [
        `/api/traces/${'f'.repeat(32)}`,
        '/api/traces/nope',
        `/api/traces/${'f'.repeat(32)}?format=pdf`,
        '/api/nothing',
      ].map(async (path) => (await get(path)).status),
    );
    expect(statuses).toEqual([404, 400, 400, 404]);
  });
});

describe('GET /api/live', () => {
  test('says the version at once, and again when the store changed, at most twice a second', async () => {
    const abort = new AbortController();
    const response = await fetch(`${running.url}/api/live`, { signal: abort.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events: Array<{ version: number; atMs: number }> = [];
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body as ReadableStream<Uint8Array>)
        for (const [, version] of decoder.decode(chunk).matchAll(/^event: changed\ndata: \{"version":(\d+)\}$/gm))
          events.push({ version: Number(version), atMs: Date.now() });
    })().catch(() => undefined);
    const first = await until(() => events[0]);
    const startedMs = Date.now();
    for (let i = 0; i < 30; i++) await store(makePayload({ spans: [makeSpan()] }));
    const { version } = await getJson<StoreStats>('/api/stats');
    await until(() => events.find((event) => event.version === version));
    expect(version).toBeGreaterThan(first.version);
    expect(events.length - 1).toBeLessThanOrEqual(Math.ceil((Date.now() - startedMs) / 500) + 1);
    abort.abort();
    await reading;
  });
});

describe('who may read', () => {
  const READS = ['/api/traces', `/api/traces/${'f'.repeat(32)}`, '/api/stats', '/api/live', '/api/anything'];

  test.each(['evil.example', 'evil.example:4318', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.5', ''])(
    'a page that points the host name "%s" at this machine reads nothing',
    async (host) => {
      const { request } = await import('node:http');
      for (const path of READS) {
        const status = await new Promise<number | undefined>((resolve, reject) => {
          const url = new URL(path, running.url);
          request(url, { headers: { host }, setHost: false }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
            .on('error', reject)
            .end();
        });
        expect([400, 403]).toContain(status);
      }
    },
  );

  test.each([
    ['what a proxy passed on', { 'x-forwarded-for': '203.0.113.9' }],
    ['what a proxy passed on, the standard way', { forwarded: 'for=203.0.113.9' }],
    ['a fetch of a page of another site', { 'sec-fetch-site': 'cross-site' }],
  ])('%s is refused', async (_, headers) => {
    for (const path of READS) expect((await get(path, headers as unknown as HeadersInit)).status).toBe(403);
  });

  test('answers have no CORS headers and are kept by no cache', async () => {
    for (const path of READS.slice(0, 3)) {
      const response = await get(path, { origin: 'http://localhost:1' });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      await response.arrayBuffer();
    }
  });

  test('with a read token it is needed from everywhere, this machine included', async () => {
    const closed = await runCollector({ readToken: 'a-read-token' });
    for (const authorization of [undefined, 'Bearer wrong-token', `Bearer ${SECRET_KEY}`, 'a-read-token'])
      for (const path of READS) {
        const response = await fetch(closed.url + path, { headers: authorization ? { authorization } : {} });
        expect(response.status).toBe(401);
        expect(response.headers.get('cache-control')).toBe('no-store');
      }
    const allowed = await fetch(`${closed.url}/api/stats`, {
      headers: { authorization: 'Bearer a-read-token', 'x-forwarded-for': '203.0.113.9' },
    });
    expect(allowed.status).toBe(200);
    await closed.stop();
  });
});
