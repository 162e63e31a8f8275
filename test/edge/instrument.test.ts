import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, request } from './support/http.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { type Sink, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';

describe('instrument() on a module worker in workerd', () => {
  let sink: Sink;
  let origin: Origin;
  let worker: Worker;
  beforeAll(async () => {
    [sink, origin] = await Promise.all([startSink(), startOrigin()]);
    worker = await startWorker('plain', {
      bindings: { COLLECTOR: `${sink.url}/base`, KEY: 'sk_bound', ORIGIN: origin.url },
    });
  });
  afterEach(async () => {
    await get('/ledger');
    sink.clear();
  });
  afterAll(() => Promise.all([worker.stop(), sink.close(), origin.close()]));
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    request(worker.url + path, { headers });

  test('names the span by the route option and takes settings from env', async () => {
    await get('/items/7', { traceparent: `00-${T}-${S}-01` });
    const [span] = await sink.trace(T, 1);
    expect(span).toMatchObject({ name: 'GET /items/:id', parentSpanId: S, kind: 2 });
    expect(span?.attrs).toMatchObject({ 'http.route': '/items/:id', 'app.seen': true });
    expect(sink.posts[0]).toMatchObject({ path: '/base/v1/traces', headers: { authorization: 'Bearer sk_bound' } });
  });

  test('rethrows the error of the handler as it is, with the span ended', async () => {
    expect((await get('/throw')).body).toBe('RangeError: left as it is');
    const span = await sink.find((spans) => spans.find((one) => one.attrs['url.path'] === '/throw'), 'the span');
    expect(span).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': 'RangeError' } });
    expect(span.attrs).not.toHaveProperty('http.response.status_code');
  });

  test('keeps `this` of the handler', async () => {
    expect((await get('/this')).body).toBe('kept as it is');
  });

  test('takes a Request as init of fetch, with its method, headers and body', async () => {
    const answer = await request(`${worker.url}/proxy?/echo`, {
      method: 'POST',
      headers: { traceparent: `00-${T}-${S}-01`, 'x-own': '1' },
      body: 'through',
    });
    const client = await sink.find((spans) => spans.find((span) => span.kind === 3), 'the client span');
    expect(answer.json()).toMatchObject({
      method: 'POST',
      path: '/echo',
      body: 'through',
      headers: { 'x-own': '1', traceparent: `00-${T}-${client.spanId}-01` },
    });
  });

  test('posts the spans of many requests together, and accounts for every one', async () => {
    const before = (await get('/ledger')).json<Record<string, number>>();
    await Promise.all(Array.from({ length: 100 }, (_, i) => get(`/items/${i}`)));
    await sink.find((spans) => spans.length === 100, '100 spans');
    expect(sink.posts.length).toBeLessThan(10);
    const after = await waitFor(async () => {
      const now = (await get('/ledger')).json<Record<string, number>>();
      return now['pending'] === 0 && now;
    }, 'every answer of the collector');
    expect(after['produced']).toBe((before['produced'] as number) + 100);
    expect(after).toMatchObject({ acknowledged: after['produced'], pending: 0, rejected: 0, dropped: {} });
  });
});
