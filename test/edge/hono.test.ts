import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import { isSpanId, isTraceId } from '../../src/wire/ids.ts';
import { type Answer, request } from './support/http.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { PLATFORMS } from './support/platforms.ts';
import { type Sink, type SinkSpan, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import type { Worker } from './support/workerd.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';
const TRACEPARENT = `00-${T}-${S}-03`;
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

let sink: Sink;
let origin: Origin;
let stranger: Origin;

beforeAll(async () => {
  [sink, origin, stranger] = await Promise.all([startSink(), startOrigin(), startOrigin()]);
});
afterAll(() => Promise.all([sink.close(), origin.close(), stranger.close()]));
const byName = (spans: SinkSpan[], name: string): SinkSpan => {
  const found = spans.find((span) => span.name === name);
  expect(found, `a span named ${name} among ${spans.map((span) => span.name)}`).toBeDefined();
  return found as SinkSpan;
};

describe.for(PLATFORMS)('the Hono middleware on $title', ({ name: platform, missing, start }) => {
  if (missing) return test.skip('not here', () => {});
  let worker: Worker;
  const env = (): Record<string, string> => ({ COLLECTOR: sink.url, ORIGIN: origin.url, STRANGER: stranger.url });
  beforeAll(async () => {
    worker = await start('shop', env());
    // The first request alone is a cold start.
    await request(`${worker.url}/unauthorized`);
    await sink.find((spans) => spans.length === 1, 'the first span');
    const [first] = sink.spans();
    expect(first?.attrs['faas.coldstart']).toBe(true);
    sink.clear();
  });
  afterAll(() => worker.stop());
  const get = (path: string, init?: Parameters<typeof request>[1]): Promise<Answer> => request(worker.url + path, init);
  const ledgerOf = async (): Promise<Ledger> => (await get('/ledger')).json();
  // Nothing of one test may arrive during the next.
  afterEach(async () => {
    sink.clear();
    await waitFor(async () => (await ledgerOf()).pending === 0, 'an empty queue');
    sink.clear();
    origin.clear();
    stranger.clear();
  });

  test('continues a browser trace through its subrequests, which carry it to a listed origin', async () => {
    const response = await get('/products/7?session=abc&q=1', {
      headers: { traceparent: TRACEPARENT, tracestate: 'vendor=1' },
    });
    const body = response.json<{ product: { headers: Record<string, string> } }>();
    const spans = await sink.trace(T, 3);
    const server = byName(spans, 'GET /products/:id');
    expect(server).toMatchObject({ kind: 2, parentSpanId: S, traceState: 'vendor=1' });
    expect(server.attrs).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/products/:id',
      'http.response.status_code': 200,
      'url.path': '/products/7',
      'url.query': 'session=REDACTED&q=1',
      'url.scheme': 'http',
      'app.product': '7',
    });
    // The caller's span has them.
    expect(server.attrs).not.toHaveProperty('server.address');
    expect(server.attrs).not.toHaveProperty('user_agent.original');
    const clients = spans.filter((span) => span.kind === 3);
    expect(clients.map((span) => span.attrs['url.full']).sort()).toEqual([
      `${origin.url}/api/products/7?token=REDACTED`,
      `${origin.url}/api/stock`,
    ]);
    for (const client of clients) {
      expect(client).toMatchObject({ name: 'GET', parentSpanId: server.spanId });
      expect(client.attrs).toMatchObject({
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(origin.url).port),
        'http.response.status_code': 200,
      });
      expect(BigInt(client.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(server.startTimeUnixNano));
      expect(BigInt(client.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(server.endTimeUnixNano));
    }
    const product = clients.find((span) => String(span.attrs['url.full']).includes('products'));
    expect(body.product.headers['traceparent']).toBe(`00-${T}-${product?.spanId}-03`);
    expect(body.product.headers['tracestate']).toBe('vendor=1');
    expect(server.resource).toMatchObject({
      'service.name': 'shop-edge',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
      'telemetry.sdk.name': 'throughline',
      ...(platform === 'workerd' ? { 'cloud.provider': 'cloudflare', 'cloud.platform': 'cloudflare.workers' } : {}),
    });
    expect(sink.posts[0]).toMatchObject({ path: '/v1/traces', headers: { authorization: 'Bearer sk_test' } });
  });

  test('starts a trace of its own with a random id, the random flag and a threshold, when there is no context', async () => {
    await get('/products/8', { headers: { 'user-agent': 'curl/9' } });
    const spans = await sink.find((found) => found.length === 3 && found, 'three spans');
    const server = byName(spans, 'GET /products/:id');
    expect(isTraceId(server.traceId) && isSpanId(server.spanId)).toBe(true);
    expect(server.parentSpanId).toBeUndefined();
    expect(spans.map(({ flags = 0 }) => flags & 0xff)).toEqual([3, 3, 3]);
    expect(server.traceState).toBe('ot=th:0');
    expect(server.attrs).toMatchObject({
      'user_agent.original': 'curl/9',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(worker.url).port),
    });
    expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
    expect(new Set(spans.map((span) => span.spanId)).size).toBe(3);
  });

  test('a broken traceparent is none, and its tracestate goes with it', async () => {
    await get('/products/9', { headers: { traceparent: TRACEPARENT.toUpperCase(), tracestate: 'vendor=1' } });
    const spans = await sink.find((found) => found.length === 3 && found, 'three spans');
    expect(spans.every((span) => span.traceId !== T && span.traceState === 'ot=th:0')).toBe(true);
    expect(origin.seen[0]?.headers['tracestate']).toBe('ot=th:0');
  });

  test('an unsampled caller is not recorded, and its decision is passed on', async () => {
    const response = await get('/products/1', { headers: { traceparent: `00-${T}-${S}-00` } });
    const { product } = response.json<{ product: { headers: Record<string, string> } }>();
    expect(product.headers['traceparent']).toMatch(new RegExp(`^00-${T}-(?!${S})[0-9a-f]{16}-00$`));
    await get('/unauthorized');
    await sink.find((spans) => spans.some((span) => span.name === 'GET /unauthorized'), 'the next span');
    expect(sink.spans().some((span) => span.traceId === T)).toBe(false);
  });

  describe('a document', () => {
    test('tells the browser its trace and the id of the span that the browser is to make', async () => {
      const response = await get('/html', { headers: NAVIGATION });
      expect(response.body).toBe('<p>hello');
      const [server] = await sink.find((spans) => spans.length > 0 && spans, 'the server span');
      const timing = response.headers['server-timing'];
      expect(timing).toBe(
        `traceparent;desc="00-${server?.traceId}-${server?.parentSpanId}-03", trace;desc="00-${server?.traceId}-${server?.parentSpanId}-03"`,
      );
      expect(isSpanId(server?.parentSpanId)).toBe(true);
    });

    test.each(['/html/private', '/html/proxied'])('joins when nobody else can get it: %s', async (path) => {
      const response = await get(path, { headers: { accept: 'text/html,*/*' } });
      const server = await sink.find((spans) => spans.find((span) => span.kind === 2), 'the server span');
      expect(response.headers['server-timing']).toContain(server.parentSpanId);
    });

    test('keeps the Server-Timing that the app wrote', async () => {
      const response = await get('/html/timing', { headers: NAVIGATION });
      expect(response.headers['server-timing']).toMatch(/^db;dur=5, traceparent;desc=".{55}", trace;desc=".{55}"$/);
    });

    test.each([
      ['a cache may hand it on', '/html/cached', NAVIGATION],
      ['it has a validator', '/html/etag', NAVIGATION],
      ['it is no HTML', '/unauthorized', NAVIGATION],
      ['the request is no navigation', '/html', { 'sec-fetch-mode': 'cors', accept: 'text/html' }],
      ['the caller has a span', '/html', { ...NAVIGATION, traceparent: TRACEPARENT }],
    ])('says nothing when %s', async (_, path, headers) => {
      const response = await get(path, { headers });
      expect(response.headers['server-timing']).toBeUndefined();
      const [server] = await sink.find((spans) => spans.length > 0 && spans, 'the server span');
      expect(server?.parentSpanId).toBe('traceparent' in headers ? S : undefined);
    });
  });

  describe('errors', () => {
    test('an error the app throws is on the span, and the app answers as ever', async () => {
      const response = await get('/throw');
      expect([response.status, response.body]).toEqual([500, 'Internal Server Error']);
      const [server] = await sink.find((spans) => spans.length > 0 && spans, 'the server span');
      expect(server).toMatchObject({ name: 'GET /throw', status: { code: 2 } });
      expect(server?.attrs).toMatchObject({ 'error.type': 'TypeError', 'http.response.status_code': 500 });
      expect(server?.events?.[0]?.name).toBe('exception');
      expect(JSON.stringify(server?.events)).toContain('out of stock');
    });
    test('5xx is an error, 4xx is not', async () => {
      await Promise.all([get('/broken'), get('/unauthorized')]);
      const spans = await sink.find((found) => found.length === 2 && found, 'two spans');
      expect(byName(spans, 'GET /broken')).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': '503' } });
      expect(byName(spans, 'GET /unauthorized').status).toBeUndefined();
      expect(byName(spans, 'GET /unauthorized').attrs).not.toHaveProperty('error.type');
    });
    test('a subrequest fails on 4xx, and when there is no answer', async () => {
      await Promise.all([get('/upstream/404'), get('/fail')]);
      const spans = await sink.find((found) => found.length === 4 && found, 'four spans');
      const clients = spans.filter((span) => span.kind === 3);
      const answered = clients.find((span) => span.attrs['http.response.status_code'] === 404);
      expect(answered).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': '404' } });
      const failed = clients.find((span) => span !== answered);
      expect(failed).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': expect.stringMatching(/Error$/) } });
      expect(byName(spans, 'GET /upstream/:status').status).toBeUndefined();
      expect(byName(spans, 'GET /fail').status).toEqual({ code: 2 });
    });
    test('credentials in a URL are in no span, sent or refused', async () => {
      await get('/credentials?sig=s3cret&q=1');
      const spans = await sink.find((found) => found.length === 2 && found, 'two spans');
      expect(byName(spans, 'GET /credentials').attrs['url.query']).toBe('sig=REDACTED&q=1');
      expect(byName(spans, 'GET').attrs['url.full']).toBe(
        `${origin.url.replace('//', '//REDACTED:REDACTED@')}/api?api_key=REDACTED&q=1`,
      );
      expect(JSON.stringify(sink.posts)).not.toContain('s3cret');
    });
    test('a request the app gave up is no error', async () => {
      await get('/abort');
      const spans = await sink.find((found) => found.length === 3 && found, 'three spans');
      const aborted = spans.filter((span) => span.kind === 3 && !span.status);
      // AbortSignal.timeout is a time-out, which is one.
      expect(aborted).toHaveLength(1);
      expect(aborted[0]?.attrs).not.toHaveProperty('error.type');
    });
    test('no route names no route, and an unknown method is _OTHER', async () => {
      await Promise.all([get('/nowhere/42'), get(`/send?to=${origin.url}`, { method: 'PROPFIND' })]);
      const spans = await sink.find((found) => found.length >= 2 && found, 'two spans');
      expect(byName(spans, 'GET').attrs).toMatchObject({ 'http.response.status_code': 404, 'url.path': '/nowhere/42' });
      expect(byName(spans, 'GET').attrs).not.toHaveProperty('http.route');
      expect(byName(spans, 'HTTP /send').attrs).toMatchObject({
        'http.request.method': '_OTHER',
        'http.request.method_original': 'PROPFIND',
      });
    });
    test('nested apps: the full route, and their own error handler', async () => {
      await get('/account/orders/1/lines/2');
      expect((await get('/account/throw')).body).toBe('nested nested failure');
      const spans = await sink.find((found) => found.length === 2 && found, 'two spans');
      byName(spans, 'GET /account/orders/:order/lines/:line');
      expect(byName(spans, 'GET /account/throw')).toMatchObject({
        status: { code: 2 },
        attrs: { 'error.type': 'Error' },
      });
    });
  });

  describe('streaming', () => {
    test('the span lasts until the body has been sent, and chunks come as they are made', async () => {
      const response = await fetch(`${worker.url}/sse`);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const first = await reader.read();
      expect(new TextDecoder().decode(first.value)).toBe('data: 0\n\n');
      expect(sink.spans()).toEqual([]);
      while (!(await reader.read()).done);
      const [server] = await sink.find((spans) => spans.length > 0 && spans, 'the server span');
      const durationMs = Number(BigInt(server?.endTimeUnixNano ?? 0) - BigInt(server?.startTimeUnixNano ?? 0)) / 1e6;
      expect(durationMs).toBeGreaterThanOrEqual(150);
      if (platform === 'workerd')
        expect(server?.events?.map(({ name }) => name)).toEqual(['throughline.response.first_byte']);
    });
    test('a client that leaves ends the span, without an error', async () => {
      const controller = new AbortController();
      const response = await fetch(`${worker.url}/sse`, { signal: controller.signal });
      await (response.body as ReadableStream<Uint8Array>).getReader().read();
      controller.abort();
      const [server] = await sink.find((spans) => spans.length > 0 && spans, 'the server span');
      expect(server?.status).toBeUndefined();
    });
    test('a body that breaks is an error on the span, and the client gets no more than what came before', async () => {
      const body = await get('/stream-breaks').then(
        (response) => response.body,
        () => 'broken off',
      );
      expect(['', 'first', 'broken off']).toContain(body);
      const [server] = await sink.find((spans) => spans.length > 0 && spans, 'the server span');
      if (platform === 'workerd')
        expect(server).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': 'RangeError' } });
    });
    test('a body that is ready keeps its length', async () => {
      const response = await get('/unauthorized');
      expect(response.headers['content-length']).toBe('2');
    });
  });

  test('a WebSocket upgrade has its span, which does not last as long as the socket', async () => {
    const socket = new WebSocket(`${worker.url.replace('http', 'ws')}/socket/lobby`);
    const answer = await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send('hi');
      socket.onmessage = ({ data }) => resolve(data);
      socket.onerror = reject;
    });
    expect(answer).toBe('lobby: hi');
    const [server] = await sink.find((spans) => spans.length > 0 && spans, 'the server span');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(server).toMatchObject({ name: 'GET /socket/:room', attrs: { 'http.route': '/socket/:room' } });
    expect(server?.status).toBeUndefined();
    socket.close();
  });

  test('the address of the client is said when asked for, as the platform saw it', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.7', 'cf-connecting-ip': '192.0.2.8' };
    await get('/unauthorized', { headers });
    const [silent] = await sink.find((spans) => spans.length === 1 && spans, 'a span');
    expect(JSON.stringify(silent)).not.toMatch(/client\.address|192\.0\.2/);
    const asked = await start('shop', { ...env(), CLIENT_ADDRESS: 'yes' });
    await request(`${asked.url}/unauthorized`, { headers });
    const [, told] = await sink.find((spans) => spans.length === 2 && spans, 'another').finally(() => asked.stop());
    // In production Cloudflare sets that header itself.
    expect(told?.attrs['client.address']).toBe(platform === 'workerd' ? '192.0.2.8' : '127.0.0.1');
  });

  describe('the OpenTelemetry API', () => {
    test('active spans nest, with events, exceptions and status', async () => {
      const response = await get('/spans');
      const { result, active } = response.json<{ result: boolean; active: { spanId: string } }>();
      expect(result).toBe(true);
      const spans = await sink.find((found) => found.length === 3 && found, 'three spans');
      const server = byName(spans, 'GET /spans');
      const price = byName(spans, 'price');
      const discount = byName(spans, 'discount');
      expect(active.spanId).toBe(server.spanId);
      expect(price).toMatchObject({ kind: 1, parentSpanId: server.spanId, status: { code: 2, message: 'odd' } });
      expect(price.events?.[0]?.attributes).toContainEqual({
        key: 'exception.message',
        value: { stringValue: 'odd price' },
      });
      expect(discount).toMatchObject({ parentSpanId: price.spanId });
      expect(discount.events?.[0]).toMatchObject({
        name: 'rule',
        attributes: [{ key: 'rule.id', value: { intValue: 7 } }],
      });
    });
    test('concurrent requests never see one another', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, id) => {
          const traceId = (id + 1).toString(16).padStart(32, '0');
          const response = await get(`/isolation/${id}`, { headers: { traceparent: `00-${traceId}-${S}-01` } });
          return { ...response.json<{ id: string; same: boolean; traceId: string }>(), expected: traceId };
        }),
      );
      for (const { same, traceId, expected } of answers) expect([same, traceId]).toEqual([true, expected]);
      const spans = await sink.find((found) => found.length === 80 && found, '80 spans');
      for (const { id, expected } of answers) {
        const own = spans.filter((span) => span.traceId === expected);
        expect(own.map((span) => span.attrs['url.path'] ?? new URL(String(span.attrs['url.full'])).pathname)).toEqual([
          `/isolation/${id}`,
          `/isolation/${id}`,
        ]);
      }
      for (const seen of origin.seen) {
        const id = Number(seen.path.split('/')[2]);
        expect(seen.headers['traceparent']).toContain((id + 1).toString(16).padStart(32, '0'));
      }
    });
  });

  describe('nothing leaks to strangers', () => {
    const inbound = { traceparent: TRACEPARENT, tracestate: 'vendor=1', baggage: 'user=ann', 'x-own': '1' };
    test('a host that is not listed gets no context, not even the one a proxy hands on', async () => {
      await get(`/send?to=${stranger.url}/x`, { headers: inbound });
      await get(`/send-request?to=${stranger.url}/y`, { headers: inbound });
      expect(stranger.seen).toHaveLength(2);
      for (const { headers } of stranger.seen) {
        expect(headers).toMatchObject({ 'x-own': '1' });
        for (const name of ['traceparent', 'tracestate', 'baggage']) expect(headers).not.toHaveProperty(name);
      }
    });
    test('a listed origin gets our span as parent in place of the one handed on', async () => {
      await get(`/send-request?to=${origin.url}/y`, { headers: inbound });
      const client = await sink.find((spans) => spans.find((span) => span.kind === 3), 'the client span');
      expect(origin.seen[0]?.headers).toMatchObject({ traceparent: `00-${T}-${client.spanId}-03`, 'x-own': '1' });
      expect(origin.seen[0]?.headers).not.toHaveProperty('baggage');
    });
    test.each([302, 303, 307, 308])(
      'a %i from a listed origin to a stranger leaves the context behind',
      async (status) => {
        const to = encodeURIComponent(`${stranger.url}/landed`);
        const response = await get(`/send?to=${encodeURIComponent(`${origin.url}/redirect/${status}?to=${to}`)}`, {
          headers: inbound,
        });
        expect(response.json()).toMatchObject({ url: `${stranger.url}/landed`, redirected: true, status: 200 });
        expect(origin.seen[0]?.headers['traceparent']).toContain(T);
        expect(stranger.seen[0]?.headers).toMatchObject({ 'x-own': '1' });
        for (const name of ['traceparent', 'tracestate', 'baggage'])
          expect(stranger.seen[0]?.headers).not.toHaveProperty(name);
        const client = await sink.find((spans) => spans.find((span) => span.kind === 3), 'the client span');
        expect(client.attrs['http.request.resend_count']).toBe(1);
      },
    );
    test('within listed origins a redirect keeps it, and method and body follow the rules of fetch', async () => {
      const to = `${origin.url}/redirect/307?to=${encodeURIComponent(`${origin.url}/redirect/303?to=/end`)}`;
      const response = await get(`/post-text?to=${encodeURIComponent(to)}`, { method: 'POST' });
      expect(response.json()).toMatchObject({ redirected: true, answer: { method: 'GET', path: '/end', body: '' } });
      expect(origin.seen.map(({ method, body }) => [method, body])).toEqual([
        ['POST', 'pay=1'],
        ['POST', 'pay=1'],
        ['GET', ''],
      ]);
      expect(new Set(origin.seen.map(({ headers }) => headers['traceparent'])).size).toBe(1);
      expect(origin.seen[2]?.headers).not.toHaveProperty('content-type');
    });
  });

  describe('a collector', () => {
    test('that is down changes no response, and gets what has waited when it is back', async () => {
      const before = await ledgerOf();
      let attempts = 0;
      sink.answer = (_, response) => {
        attempts += 1;
        response.destroy();
      };
      const response = await get('/products/7', { headers: { traceparent: TRACEPARENT } });
      expect(response.status).toBe(200);
      await waitFor(() => attempts >= 3, 'the last attempt');
      sink.clear();
      // The first request after the pause takes along what waited.
      await waitFor(async () => {
        await get('/unauthorized');
        return sink.spans().some(({ traceId }) => traceId === T);
      }, 'what waited');
      expect((await ledgerOf()).dropped).toEqual(before.dropped);
    });
  });
});
