import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import { randomHex } from '../../src/wire/ids.ts';
import { type Answer, request } from './support/http.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { type Sink, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';
const TRACEPARENT = `00-${T}-${S}-01`;
const ALLY = { origin: 'https://ally.example' };

let sink: Sink;
let origin: Origin;
beforeAll(async () => {
  [sink, origin] = await Promise.all([startSink(), startOrigin()]);
});
afterAll(() => Promise.all([sink.close(), origin.close()]));

const start = (more: Record<string, string> = {}): Promise<Worker> =>
  startWorker('trust', { bindings: { COLLECTOR: sink.url, ORIGIN: origin.url, ...more } });

describe('context and trust', () => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await start();
  });
  afterAll(() => worker.stop());
  afterEach(async () => {
    await waitFor(async () => (await get('/ledger')).json<Ledger>().pending === 0, 'an empty queue');
    sink.clear();
  });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    request(worker.url + path, { headers });
  const server = () => sink.find((spans) => spans.find((span) => span.kind === 2), 'the server span');

  test.each([
    ['its own pages', { 'sec-fetch-site': 'same-origin' }, true],
    ['an origin that is listed to continue', ALLY, true],
    ['an origin that is listed to link', { origin: 'https://partner.example' }, false],
    ['any other origin', { origin: 'https://stranger.example' }, false],
    ['a caller without an origin', {}, false],
  ] as Array<[string, Record<string, string>, boolean]>)('%s', async (_, headers, continues) => {
    await get('/ids', { traceparent: TRACEPARENT, ...headers });
    const span = await server();
    expect(span.traceId === T).toBe(continues);
    expect(span.parentSpanId).toBe(continues ? S : undefined);
    const isLinked = headers['origin'] === 'https://partner.example';
    expect(span.links?.map(({ traceId, spanId }) => [traceId, spanId])).toEqual(isLinked ? [[T, S]] : undefined);
  });

  describe('baggage', () => {
    const header = 'tenant=acme,user=ann%20b;p=1,__proto__=x,bad key=1';
    test('of a listed caller: readable, copied by key, passed on to a listed origin alone', async () => {
      const { seen, baggage } = (await get('/call', { ...ALLY, baggage: header })).json<{
        seen: { headers: Record<string, string> };
        baggage: unknown;
      }>();
      expect(baggage).toEqual([
        ['tenant', { value: 'acme' }],
        ['user', { value: 'ann b' }],
        ['__proto__', { value: 'x' }],
      ]);
      expect(seen.headers['baggage']).toBe('tenant=acme,user=ann%20b;p=1,__proto__=x');
      const span = await server();
      expect(span.attrs['tenant']).toBe('acme');
      expect(JSON.stringify(span)).not.toContain('ann');
    });
    test('of anyone else is as good as none', async () => {
      const { seen, baggage } = (await get('/call', { origin: 'https://stranger.example', baggage: header })).json<{
        seen: { headers: Record<string, string> };
        baggage: unknown;
      }>();
      expect(baggage).toEqual([]);
      expect(seen.headers).not.toHaveProperty('baggage');
    });
    test('that the app made is sent, encoded', async () => {
      const seen = (await get('/own-baggage')).json<{ headers: Record<string, string> }>();
      expect(seen.headers['baggage']).toBe('plan=pro%20%C3%A9');
    });
  });

  test.each([
    ['b3 single', { b3: `${T}-${S}-1` }, T],
    [
      'b3 single, 64 bit, parent',
      { b3: `8448eb211c80319c-${S}-d-05e3ac9a4f6e3b90` },
      '00000000000000008448eb211c80319c',
    ],
    ['b3 multiple', { 'X-B3-TraceId': T, 'X-B3-SpanId': S, 'X-B3-Sampled': '1' }, T],
    ['jaeger', { 'uber-trace-id': `${T}:${S}:0:1` }, T],
    ['jaeger, encoded and short', { 'uber-trace-id': 'abc%3Ab7ad6b7169203331%3A0%3A1' }, 'abc'.padStart(32, '0')],
  ] as Array<[string, Record<string, string>, string]>)('reads %s', async (_, headers, traceId) => {
    await get('/ids', { ...ALLY, ...headers });
    expect(await server()).toMatchObject({ traceId, parentSpanId: S });
  });

  test.each([
    { b3: '0' },
    { b3: `${T}-${S}-x` },
    { b3: `${'0'.repeat(32)}-${S}-1` },
    { 'uber-trace-id': `${T}:${S}:0` },
    { 'uber-trace-id': 'z'.repeat(9000) },
  ])('does not read %j', async (headers) => {
    await get('/ids', { ...ALLY, ...(headers as Record<string, string>) });
    expect((await server()).parentSpanId).toBeUndefined();
  });

  test('says who answered to a listed origin, and to nobody else', async () => {
    const told = await get('/ids', { ...ALLY, traceparent: TRACEPARENT });
    const span = await server();
    expect(told.headers['server-timing']).toContain(`trace;desc="00-${T}-${span.spanId}-01"`);
    expect(told.headers['timing-allow-origin']).toBe(ALLY.origin);
    const untold = await get('/ids', { origin: 'https://stranger.example', traceparent: TRACEPARENT });
    expect(untold.headers['server-timing']).toBeUndefined();
    expect(untold.headers['timing-allow-origin']).toBeUndefined();
  });
});

test('a head ratio is consistent, written down, raised for a caller that kept more and never lowered', async () => {
  const worker = await start({ RATIO: '0.25' });
  try {
    // 0.25 rejects below c0000000000000.
    const call = (id: string, state?: string): Promise<Answer> =>
      request(`${worker.url}/call`, {
        headers: { traceparent: `00-${id}-${S}-03`, ...(state ? { tracestate: state } : {}) },
      });
    const seen = async (answer: Promise<Answer>): Promise<Record<string, string>> =>
      (await answer).json<{ seen: { headers: Record<string, string> } }>().seen.headers;
    const low = `${randomHex(9)}bfffffffffffff`;
    const high = `${randomHex(9)}c0000000000000`;
    const rejected = await seen(call(low, 'ot=th:8,v=1'));
    expect(rejected['traceparent']).toMatch(/-02$/);
    expect(rejected['tracestate']).toBe('v=1');
    const kept = await seen(call(high, 'ot=th:8,v=1'));
    expect(kept['traceparent']).toMatch(/-03$/);
    expect(kept['tracestate']).toBe('ot=th:c,v=1');
    // The caller kept less: its threshold stays.
    const rarer = await seen(call(`${randomHex(9)}ffffffffffffff`, 'ot=th:fd70a,v=1'));
    expect(rarer['tracestate']).toBe('ot=th:fd70a,v=1');
    // Explicit randomness goes before the trace id's.
    const explicit = await seen(call(low, 'ot=rv:ffffffffffffff;th:8'));
    expect(explicit['tracestate']).toBe('ot=rv:ffffffffffffff;th:c');
    // No threshold, no probability is known, before or after.
    expect((await seen(call(high)))['tracestate']).toBeUndefined();
    const roots = await Promise.all(Array.from({ length: 400 }, () => request(`${worker.url}/ids`)));
    const flags = roots.map((answer) => answer.json<{ traceFlags: number }>().traceFlags);
    const share = flags.filter((flag) => flag === 3).length / flags.length;
    // 0.25 ± 4.5 standard deviations.
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.35);
  } finally {
    await worker.stop();
  }
});

test('callers from elsewhere have only so many traces a second recorded', async () => {
  const worker = await start({ FOREIGN: '3' });
  try {
    const flags = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const answer = await request(`${worker.url}/ids`, { headers: { traceparent: TRACEPARENT } });
        return answer.json<{ traceFlags: number }>().traceFlags;
      }),
    );
    const sampled = flags.filter((flag) => flag === 1).length;
    expect(sampled).toBeGreaterThanOrEqual(3);
    // Three a second, and this took a moment.
    expect(sampled).toBeLessThan(20);
    const own = await request(`${worker.url}/ids`, {
      headers: { traceparent: TRACEPARENT, 'sec-fetch-site': 'same-origin' },
    });
    expect(own.json<{ traceFlags: number }>().traceFlags).toBe(1);
  } finally {
    await worker.stop();
  }
});
