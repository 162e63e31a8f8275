import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import { type Answer, request } from './support/http.ts';
import { type Sink, type SinkSpan, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

const NAVIGATION = { 'sec-fetch-mode': 'navigate' };

let sink: Sink;
let worker: Worker;
beforeAll(async () => {
  sink = await startSink();
  worker = await startWorker('cloudflare-app', {
    name: 'app',
    bindings: { COLLECTOR: sink.url, CF_VERSION_METADATA: { id: 'version-7' } },
    kvNamespaces: ['KV'],
    r2Buckets: ['BUCKET'],
    d1Databases: ['DB'],
    durableObjects: { COUNTER: { className: 'Counter', useSQLite: true } },
    serviceBindings: {
      AUTH: { name: 'app', entrypoint: 'Auth' },
      PLAIN: { name: 'app', entrypoint: 'Plain' },
    },
    queueProducers: { ORDERS: 'orders' },
    queueConsumers: {
      orders: { maxBatchSize: 3, maxBatchTimeout: 0, maxRetries: 1, retryDelay: 0, deadLetterQueue: 'dead' },
      dead: { maxBatchSize: 1, maxBatchTimeout: 0 },
    },
    unsafeTriggerHandlers: true,
  });
});
afterAll(() => Promise.all([worker.stop(), sink.close()]));
afterEach(async () => {
  await waitFor(async () => (await get('/ledger')).json<Ledger>().pending === 0, 'an empty queue');
  sink.clear();
});
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  request(worker.url + path, { headers });
const named = (spans: SinkSpan[], name: string): SinkSpan => {
  const found = spans.find((span) => span.name === name);
  expect(found, `a span named ${name} among ${spans.map((span) => span.name)}`).toBeDefined();
  return found as SinkSpan;
};
const spans = (count: number): Promise<SinkSpan[]> =>
  sink.find((found) => found.length >= count && found, `${count} spans`);

describe('bindings', () => {
  test('KV: a span a call, and its results', async () => {
    expect((await get('/kv')).json()).toEqual(['v', expect.any(Number)]);
    const found = await spans(4);
    const put = named(found, 'put KV');
    expect(put).toMatchObject({ kind: 3, parentSpanId: named(found, 'GET').spanId });
    expect(put.attrs).toMatchObject({
      'db.system.name': 'cloudflare.kv',
      'db.operation.name': 'put',
      'db.namespace': 'KV',
      'throughline.binding': 'KV',
    });
    named(found, 'get KV');
    named(found, 'list KV');
  });
  test('a call that fails is an error on its span, and the same error to the app', async () => {
    const { body } = await get('/kv-fails');
    expect(body).toMatch(/Error: .*key/i);
    expect(named(await spans(2), 'put KV').status?.code).toBe(2);
    sink.clear();
    expect((await get('/d1-fails')).body).toContain('syntax error');
    expect(named(await spans(2), 'SELEC DB')).toMatchObject({ status: { code: 2 } });
  });
  test('R2: bodies stream through', async () => {
    expect((await get('/r2')).body).toBe('body of a');
    expect(named(await spans(3), 'get BUCKET').attrs['db.system.name']).toBe('cloudflare.r2');
  });
  test('D1: statements, batches, text without literals', async () => {
    expect((await get('/d1')).json()).toEqual([{ name: 'ann' }]);
    const found = await spans(4);
    expect(named(found, 'SELECT DB').attrs).toMatchObject({
      'db.system.name': 'sqlite',
      'db.query.text': 'SELECT name FROM users WHERE id = ?1 AND name <> ?',
    });
    expect(named(found, 'BATCH DB').attrs['db.operation.batch.size']).toBe(2);
    expect(JSON.stringify(found)).not.toMatch(/ann|bob|secret/);
  });
  test('the Cache API', async () => {
    expect((await get('/cache')).body).toBe('cached');
    const found = await spans(3);
    named(found, 'put cache');
    named(found, 'match cache');
  });
});

describe('service bindings and Durable Objects', () => {
  test('RPC goes on with the trace, with its types and properties as they were', async () => {
    const [, version, type] = (await get('/rpc')).json<[string, number, string]>();
    expect([version, type]).toEqual([7, 'RpcPromise']);
    const found = await spans(5);
    const ann = found.find((span) => span.name === 'Auth/who' || span.attrs['app.name'] === 'ann');
    const caller = found.find((span) => span.spanId === ann?.parentSpanId);
    expect(caller).toMatchObject({ name: 'AUTH/who', kind: 3, parentSpanId: named(found, 'GET').spanId });
    expect(ann).toMatchObject({ name: 'AuthBase/who', kind: 2, traceId: caller?.traceId });
  });
  test('a class that is not wrapped sees the arguments of the app and no other', async () => {
    expect((await get('/rpc-arguments')).json()).toEqual([
      [1, 'b', null],
      [1, 'b', null],
    ]);
  });
  test('an error thrown over RPC is on both spans and reaches the app', async () => {
    expect((await get('/rpc-fails')).body).toBe('RangeError: refused');
    const found = await spans(3);
    for (const name of ['AUTH/fail', 'AuthBase/fail']) expect(named(found, name).status?.code).toBe(2);
  });
  test('fetch over a service binding carries the trace without any list', async () => {
    const headers = (await get('/service')).json<Record<string, string>>();
    const found = await spans(3);
    const client = found.find((span) => span.kind === 3);
    expect(headers).toMatchObject({ 'x-own': '1', traceparent: `00-${client?.traceId}-${client?.spanId}-03` });
    expect(found.find((span) => span.parentSpanId === client?.spanId)).toMatchObject({ kind: 2 });
  });
  test('a Durable Object: RPC and fetch', async () => {
    expect((await get('/object')).json()).toEqual([2, 5]);
    const found = await spans(5);
    const added = found.filter((span) => span.name === 'CounterBase/add');
    expect(added).toHaveLength(2);
    expect(new Set(found.map((span) => span.traceId)).size).toBe(1);
    sink.clear();
    const headers = (await get('/object-fetch')).json<Record<string, string>>();
    const client = (await spans(3)).find((span) => span.kind === 3);
    expect(headers['traceparent']).toBe(`00-${client?.traceId}-${client?.spanId}-03`);
  });
  test('an alarm is an invocation of its own', async () => {
    await get('/object-alarm');
    const alarm = await sink.find((found) => found.find((span) => span.name === 'CounterBase alarm'), 'the alarm');
    expect(alarm.attrs['faas.trigger']).toBe('timer');
    const put = await sink.find((found) => found.find((span) => span.name === 'put KV'), 'its work');
    expect(put.parentSpanId).toBe(alarm.spanId);
  });
  test('WebSocket handlers', async () => {
    const socket = new WebSocket(`${worker.url.replace('http', 'ws')}/object-socket`);
    const echo = await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send('hi');
      socket.onmessage = ({ data }) => resolve(data);
      socket.onerror = reject;
    });
    socket.close();
    expect(echo).toBe('echo hi');
    await sink.find((found) => found.find((span) => span.name === 'CounterBase webSocketMessage'), 'the message');
    expect(named(sink.spans(), 'GET').attrs['http.response.status_code']).toBe(101);
  });
});

describe('queues', () => {
  test('a message carries its context to the consumer, which links to it and sees the body of the app', async () => {
    await get('/send');
    const process = await sink.find((found) => found.find((span) => span.name === 'process orders'), 'the consumer');
    const send = named(sink.spans(), 'send orders');
    expect(send).toMatchObject({ kind: 4, attrs: { 'messaging.system': 'cloudflare_queues' } });
    expect(process).toMatchObject({ kind: 5, links: [{ traceId: send.traceId, spanId: send.spanId }] });
    expect(process.traceId).not.toBe(send.traceId);
    expect(process.parentSpanId).toBeUndefined();
    expect((await get('/batch')).json()).toEqual([{ order: 1 }]);
    expect(process.events?.map(({ name }) => name)).toEqual(['throughline.message.settled']);
  });
  test('every message of a batch has a context of its own; text stays text', async () => {
    await get('/send-batch');
    const consumed = await sink.find((found) => {
      const all = found.filter((span) => span.name === 'process orders');
      const count = all.reduce((sum, span) => sum + Number(span.attrs['messaging.batch.message_count']), 0);
      return count === 3 && all;
    }, 'three messages');
    const creates = sink.spans().filter((span) => span.name === 'create orders');
    const links = consumed.flatMap((span) => span.links ?? []);
    expect(creates).toHaveLength(3);
    expect(creates.map((span) => span.spanId)).toEqual(expect.arrayContaining(links.map((link) => link.spanId)));
    expect(links).toHaveLength(2);
  });
  test('a message that failed twice says so, and where it came from', async () => {
    await get('/send-poison');
    const dead = await sink.find((found) => found.find((span) => span.name === 'process dead'), 'the dead letter');
    const send = named(sink.spans(), 'send orders');
    expect(dead.links?.[0]).toMatchObject({ traceId: send.traceId, spanId: send.spanId });
    expect(dead.attrs['throughline.messaging.dead_letter.source']).toBe('orders');
    const attempts = sink.spans().filter((span) => span.name === 'process orders');
    expect(attempts.map((span) => span.attrs['throughline.messaging.delivery_attempt'])).toEqual([undefined, 2]);
  });
});

test('with a clock that stands still, computation is marked as not measured and the order is kept', async () => {
  expect((await get('/compute')).body).toBe('computed');
  const found = await spans(5);
  const [first, inner, second] = ['first', 'first inner', 'second'].map((name) => named(found, name));
  expect(first?.startTimeUnixNano.slice(0, -6)).toBe(second?.endTimeUnixNano.slice(0, -6));
  for (const span of [first, inner, second]) expect(span?.attrs['throughline.duration.measurable']).toBe(false);
  const order = [first?.startTimeUnixNano, inner?.startTimeUnixNano, inner?.endTimeUnixNano, first?.endTimeUnixNano];
  const times = [...order, second?.startTimeUnixNano].map((nano) => BigInt(nano ?? 0));
  expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(times).size).toBe(5);
  expect(Number(first?.attrs['cloudflare.invocation.sequence.number'])).toBeLessThan(
    Number(second?.attrs['cloudflare.invocation.sequence.number']),
  );
});

test('what the platform knows: the deployed version, the place, the ray; the client address only when asked for', async () => {
  await get('/kv', { 'cf-connecting-ip': '192.0.2.7', 'cf-ray': '8f2a61c3d7e4b5a0-FRA' });
  const found = await spans(4);
  expect(found[0]?.resource['cloudflare.script_version.id']).toBe('version-7');
  const server = found.find(({ kind }) => kind === 2);
  expect(server?.attrs['cloudflare.ray_id']).toBe('8f2a61c3d7e4b5a0-FRA');
  expect(server?.attrs['cloudflare.colo']).toMatch(/^[A-Z]{3}$/);
  expect(JSON.stringify(found)).not.toContain('192.0.2.7');
  sink.clear();
  const asked = await startWorker('plain', {
    bindings: { COLLECTOR: sink.url, KEY: 'k', ORIGIN: 'http://127.0.0.1:9', CLIENT_ADDRESS: true },
  });
  await request(`${asked.url}/items/1`, { headers: { 'cf-connecting-ip': '192.0.2.7' } });
  const [told] = await spans(1);
  await asked.stop();
  expect(told?.attrs['client.address']).toBe('192.0.2.7');
});

test('a scheduled run is a trace of its own', async () => {
  const timeMs = Date.UTC(2030, 0, 2, 3, 4, 5);
  await get(`/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*&time=${timeMs}`);
  const scheduled = await sink.find((found) => found.find((span) => span.name === 'scheduled'), 'the run');
  expect(scheduled.attrs).toMatchObject({
    'faas.trigger': 'timer',
    'faas.cron': '*/5 * * * *',
    'faas.time': '2030-01-02T03:04:05.000Z',
  });
  const put = await sink.find((found) => found.find((span) => span.name === 'put KV'), 'its work');
  expect(put.parentSpanId).toBe(scheduled.spanId);
});

describe('HTML', () => {
  const TAG =
    '<script src="https://t.example/throughline.js" data-key="pk_&#34;1&#34;" data-service="shop"%NONCE% crossorigin async></script>';
  test('gets the script tag once, at the end of the first head, with the nonce of its policy', async () => {
    const { body, headers } = await get('/page', NAVIGATION);
    expect(body).toBe(
      `<html><head><title>x</title>${TAG.replace('%NONCE%', ' nonce="abc123"')}</head><body><head>no</head></body></html>`,
    );
    expect(headers['server-timing']).toContain('traceparent');
  });
  test('while it streams', async () => {
    const { body } = await get('/page/stream', NAVIGATION);
    expect(body).toBe(`<html><head>${TAG.replace('%NONCE%', '')}</head><body>onetwo</body></html>`);
  });
  test('not when it is no navigation', async () => {
    expect((await get('/page', { 'sec-fetch-mode': 'cors' })).body).not.toContain('throughline');
  });
});
