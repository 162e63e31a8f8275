import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  createQueryClient,
  QueryError,
  type StatisticsRow,
  type Trace,
  type TraceSummary,
} from '../../edge/api/index.ts';
import { OPEN_API } from '../../edge/collector/query/open-api.ts';
import type * as store from '../../edge/store/trace-store.ts';
import type { TraceView } from '../../edge/trace/trace-view.ts';
import { apiTypes, TYPES_FILE } from '../../scripts/api-types.ts';
import { encodeAttributes } from '../../src/wire/otlp.ts';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { type RunningCollector, runCollector } from '../support/running-collector.ts';

const TRACES = 43;
const startMs = Date.now() - 60_000;
let running: RunningCollector;

beforeAll(async () => {
  running = await runCollector({ readToken: 'a-read-token' });
  // Several of them start together: pages must not lose or repeat one where that is so.
  const spans = Array.from({ length: TRACES }, (_, i) => {
    const nanos = `${startMs + Math.floor(i / 4)}000000`;
    return makeSpan({
      startTimeUnixNano: nanos,
      endTimeUnixNano: nanos,
      attributes: encodeAttributes({ 'http.route': i % 2 === 0 ? '/cart' : '/', 'order.id': `o-${i}` }),
    });
  });
  const response = await fetch(`${running.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(makePayload({ spans })),
  });
  expect(await response.text()).toBe('{}');
});
afterAll(() => running.stop());

const client = () => createQueryClient({ url: `${running.url}/`, readToken: 'a-read-token' });

test('the published types are those of the OpenAPI document: run "npm run api-types" when this fails', () => {
  expect(readFileSync(TYPES_FILE, 'utf8')).toBe(apiTypes(OPEN_API as never));
});

test('what the store and the viewer have fits the published types', () => {
  expectTypeOf<store.TraceSummary>().toExtend<TraceSummary>();
  expectTypeOf<TraceSummary>().toExtend<store.TraceSummary>();
  expectTypeOf<store.StatisticsRow>().toExtend<StatisticsRow>();
  expectTypeOf<StatisticsRow>().toExtend<store.StatisticsRow>();
  expectTypeOf<TraceView>().toExtend<Trace>();
});

describe('pages by cursor', () => {
  test.each([1, 7, 43, 500])('of %i go through every trace once, newest first', async (limit) => {
    const found: TraceSummary[] = [];
    for await (const trace of client().traces({ limit })) found.push(trace);
    expect(found.length).toBe(TRACES);
    expect(new Set(found.map(({ traceId }) => traceId)).size).toBe(TRACES);
    const order = found.map((trace) => [trace.startMs, trace.traceId] as const);
    const sorted = [...order].sort(([aMs, a], [bMs, b]) => bMs - aMs || (a < b ? 1 : -1));
    expect(order).toEqual(sorted);
  });

  test('keep their place when newer traces come in between', async () => {
    const first = await client().ask('findTraces', { limit: 20 });
    const late = makeSpan({ startTimeUnixNano: `${startMs + 1000}000000`, endTimeUnixNano: `${startMs + 1001}000000` });
    await fetch(`${running.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(makePayload({ spans: [late] })),
    });
    const { nextCursor = '' } = first;
    const second = await client().ask('findTraces', { limit: 500, cursor: nextCursor });
    const ids = [...first.traces, ...second.traces].map(({ traceId }) => traceId);
    expect(ids).not.toContain(late.traceId);
    expect(new Set(ids).size).toBe(TRACES);
    expect(second.nextCursor).toBeUndefined();
  });

  test('keep to the filter, and one that no page gave is refused with a sentence', async () => {
    const found: TraceSummary[] = [];
    for await (const trace of client().traces({ route: '/cart', limit: 5 })) found.push(trace);
    expect(found.map(({ route }) => route)).toEqual(Array(22).fill('/cart'));
    for (const cursor of ['nonsense', '-', '1-2', `${'9'.repeat(17)}-${'a'.repeat(32)}`]) {
      const refused = client().ask('findTraces', { cursor });
      await expect(refused).rejects.toThrow(/cursor is not one a page of results gave/);
    }
  });
});

describe('the client', () => {
  test('sends lists, paths and the token, and answers what the collector does', async () => {
    const { traces } = await client().ask('findTraces', { attribute: ['order.id=o-7', 'http.route=/'] });
    expect(traces.length).toBe(1);
    const traceId = traces[0]?.traceId ?? '';
    const trace = await client().ask('getTrace', { traceId });
    expect(trace.spans[0]?.attributes['order.id']).toBe('o-7');
    const { rows } = await client().ask('getStatistics', { measure: 'roots', by: 'route' });
    expect(rows.find(({ route }) => route === '/cart')?.count).toBe(22);
    expect(await client().ask('removeUser', { userId: 'nobody/at all' })).toMatchObject({ traces: 0 });
  });

  test('throws the sentence the collector refuses with', async () => {
    const stranger = createQueryClient({ url: running.url });
    const refused = stranger.ask('getStats', {}).catch((error: unknown) => error);
    expect(await refused).toBeInstanceOf(QueryError);
    expect(await refused).toMatchObject({ status: 401, message: expect.stringContaining('read token') });
    await expect(client().ask('getTrace', { traceId: 'nope' })).rejects.toThrow('A trace id has 32 hex digits.');
    const broken = createQueryClient({
      url: running.url,
      fetch: async () => new Response('Bad gateway', { status: 502 }),
    });
    await expect(broken.ask('getStats', {})).rejects.toMatchObject({ status: 502, message: 'Bad gateway' });
  });

  test('knows what may be asked', () => {
    const { ask } = client();
    // @ts-expect-error: no such operation
    expectTypeOf(ask<'findEverything'>).toBeFunction();
    expectTypeOf(ask<'findTraces'>)
      .parameter(1)
      .toHaveProperty('country');
  });
});
