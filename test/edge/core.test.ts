import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import { type Answer, request } from './support/http.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { type Sink, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';
const TRACEPARENT = `00-${T}-${S}-01`;
const NAVIGATION = { 'sec-fetch-mode': 'navigate', accept: 'text/html' };

let sink: Sink;
let origin: Origin;
let stranger: Origin;
beforeAll(async () => {
  [sink, origin, stranger] = await Promise.all([startSink(), startOrigin(), startOrigin()]);
});
afterAll(() => Promise.all([sink.close(), origin.close(), stranger.close()]));

const start = (more: Record<string, unknown> = {}, entry = 'core'): Promise<Worker> =>
  startWorker(entry, { bindings: { COLLECTOR: sink.url, ORIGIN: origin.url, ...more } as Record<string, string> });
const durationMs = (span: { startTimeUnixNano: string; endTimeUnixNano: string }): number =>
  Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;

describe('the core in workerd', () => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await start();
  });
  afterAll(() => worker.stop());
  afterEach(async () => {
    await waitFor(async () => (await get('/ledger')).json<Ledger>().pending === 0, 'an empty queue');
    sink.clear();
    origin.clear();
    stranger.clear();
  });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    request(worker.url + path, { headers });

  test('continues its caller to the origins it may tell', async () => {
    await get('/', { traceparent: TRACEPARENT, tracestate: 'a=1,b=2' });
    const spans = await sink.trace(T, 2);
    const server = spans.find(({ kind }) => kind === 2);
    const client = spans.find(({ kind }) => kind === 3);
    expect(server).toMatchObject({ name: 'GET', parentSpanId: S, traceState: 'a=1,b=2', flags: 0x301 });
    expect(client).toMatchObject({ parentSpanId: server?.spanId, attrs: { 'http.response.status_code': 200 } });
    expect(origin.seen[0]?.headers).toMatchObject({
      traceparent: `00-${T}-${client?.spanId}-01`,
      tracestate: 'a=1,b=2',
    });
  });

  test.each([
    ['no header', {}],
    ['a header that breaks the grammar', { traceparent: `00-${'0'.repeat(32)}-${S}-01`, tracestate: 'a=1' }],
    ['a version 00 header with more fields', { traceparent: `${TRACEPARENT}-x`, tracestate: 'a=1' }],
    ['a header of version ff', { traceparent: TRACEPARENT.replace('00', 'ff') }],
  ])('starts a trace of its own on %s', async (_, headers) => {
    await get('/', headers);
    const server = await sink.find((spans) => spans.find(({ kind }) => kind === 2), 'the server span');
    expect(server.traceId).not.toBe(T);
    expect(server).toMatchObject({ flags: 0x103 });
    expect(server).not.toHaveProperty('parentSpanId');
    expect(server).not.toHaveProperty('traceState');
  });

  test('tells strangers nothing, also not after a redirect', async () => {
    await get(`/?to=${encodeURIComponent(`${stranger.url}/echo`)}`, { traceparent: TRACEPARENT });
    const redirect = `${origin.url}/redirect/302?to=${encodeURIComponent(`${stranger.url}/echo`)}`;
    await get(`/?to=${encodeURIComponent(redirect)}`, { traceparent: TRACEPARENT });
    expect(stranger.seen).toHaveLength(2);
    for (const { headers } of stranger.seen) expect(headers).not.toHaveProperty('traceparent');
    expect(origin.seen[0]?.headers).toHaveProperty('traceparent');
  });

  test('rethrows the error of the handler as it is, with the span ended', async () => {
    expect((await get('/throw')).body).toBe('RangeError: left as it is');
    const [span] = await sink.find((spans) => spans.length > 0 && spans, 'the span');
    expect(span).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': 'RangeError' } });
  });

  test('leaves documents and streams as they are', async () => {
    expect((await get('/html', NAVIGATION)).headers).not.toHaveProperty('server-timing');
    expect((await get('/stream')).body).toBe('ab');
    const spans = await sink.find((found) => found.length === 2 && found, 'two spans');
    for (const span of spans) expect(durationMs(span)).toBeLessThan(100);
  });

  test('keeps what a collector that is down does not take, and counts every span', async () => {
    sink.answer = (_, response) => response.destroy();
    await get('/', { traceparent: TRACEPARENT });
    expect((await get('/ledger')).json()).toMatchObject({ pending: 2 });
    sink.clear();
    const after = (await get('/ledger')).json<Ledger>();
    expect(after).toMatchObject({ pending: 0, acknowledged: after.produced, rejected: 0, dropped: {} });
    expect(await sink.trace(T, 2)).toHaveLength(2);
  });
});

describe('the core with what can be plugged in', () => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await start({ EXTRAS: true });
  });
  afterAll(() => worker.stop());
  afterEach(() => sink.clear());
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    request(worker.url + path, { headers });

  test('joins documents, follows streams, samples by ratio and trusts by a table', async () => {
    const { headers } = await get('/html', NAVIGATION);
    const root = await sink.find((spans) => spans[0], 'the span of the document');
    expect(headers['server-timing']).toContain(`traceparent;desc="00-${root.traceId}-${root.parentSpanId}-03"`);
    expect(root.traceState).toBe('ot=th:0');
    sink.clear();
    expect((await get('/stream')).body).toBe('ab');
    const streamed = await sink.find((spans) => spans[0], 'the span of the stream');
    expect(durationMs(streamed)).toBeGreaterThanOrEqual(100);
    sink.clear();
    await get('/html', { traceparent: TRACEPARENT, origin: 'https://partner.example' });
    const linked = await sink.find((spans) => spans[0], 'the span that links');
    expect(linked.links?.map(({ traceId, spanId }) => [traceId, spanId])).toEqual([[T, S]]);
  });
});

test.each([
  ['core', ['GET', 'GET']],
  ['core-with-spans', ['GET', 'GET', 'own']],
])("spans of the application's own: %s", async (entry, names) => {
  const worker = await start({}, entry);
  try {
    await request(`${worker.url}/own`, { headers: { traceparent: TRACEPARENT } });
    const spans = await sink.trace(T, names.length);
    expect(spans.map(({ name }) => name).toSorted()).toEqual(names);
    const [server, client, own] = [2, 3, 1].map((kind) => spans.find((span) => span.kind === kind));
    expect(client?.parentSpanId).toBe((own ?? server)?.spanId);
    expect((own ?? client)?.parentSpanId).toBe(server?.spanId);
  } finally {
    await worker.stop();
    sink.clear();
  }
});
