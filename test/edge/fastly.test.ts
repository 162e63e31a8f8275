import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEdgeVmWithoutContext } from './support/edge-vm.ts';
import { request } from './support/http.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { type Sink, startSink } from './support/sink.ts';
import type { Worker } from './support/workerd.ts';

const S = 'b7ad6b7169203331';
const idOf = (i: number): string => (i + 1).toString(16).padStart(32, '0');

interface Later {
  seen: { headers: Record<string, string> };
  active?: { traceId: string; spanId: string };
}

describe('instrument() without AsyncLocalStorage, as on Fastly', () => {
  let sink: Sink;
  let origin: Origin;
  let worker: Worker;
  beforeAll(async () => {
    [sink, origin] = await Promise.all([startSink(), startOrigin()]);
    worker = await startEdgeVmWithoutContext('fetcher', { COLLECTOR: sink.url, ORIGIN: origin.url });
  });
  afterEach(() => sink.clear());
  afterAll(() => Promise.all([worker.stop(), sink.close(), origin.close()]));
  const later = async (i: number): Promise<Later> => {
    const headers = { traceparent: `00-${idOf(i)}-${S}-01` };
    return (await request(`${worker.url}/later?ms=${i % 5}`, { headers })).json();
  };

  test('a request that is alone keeps its trace over await, timers and subrequests', async () => {
    for (const i of [0, 1]) {
      const { seen, active } = await later(i);
      const spans = await sink.trace(idOf(i), 2);
      const server = spans.find(({ kind }) => kind === 2);
      const client = spans.find(({ kind }) => kind === 3);
      expect(server).toMatchObject({ name: 'GET /later', parentSpanId: S });
      expect(client).toMatchObject({ name: 'GET', parentSpanId: server?.spanId });
      expect(active).toMatchObject({ traceId: idOf(i), spanId: server?.spanId });
      expect(seen.headers['traceparent']).toBe(`00-${idOf(i)}-${client?.spanId}-01`);
    }
  });

  test('requests side by side have their spans, and none of them what belongs to another', async () => {
    const count = 20;
    const answers = await Promise.all(Array.from({ length: count }, (_, i) => later(i)));
    const servers = await sink.find((spans) => {
      const found = spans.filter(({ kind }) => kind === 2);
      return found.length === count && found;
    }, 'the server spans');
    expect(servers.map(({ traceId }) => traceId).sort()).toEqual(Array.from({ length: count }, (_, i) => idOf(i)));
    for (const [i, { seen, active }] of answers.entries()) {
      expect([undefined, idOf(i)]).toContain(active?.traceId);
      expect([undefined, idOf(i)]).toContain(seen.headers['traceparent']?.slice(3, 35));
    }
  });

  test('an error of the handler is on the span and rethrown as it is', async () => {
    expect(await request(`${worker.url}/throw`)).toMatchObject({ status: 599, body: 'RangeError: left as it is' });
    const [span] = await sink.find((spans) => spans.length > 0 && spans, 'the span');
    expect(span).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': 'RangeError' } });
  });

  test('a streamed answer passes, and its span lasts as long', async () => {
    expect((await request(`${worker.url}/stream`)).body).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n');
    const [span] = await sink.find((spans) => spans.length > 0 && spans, 'the span');
    const durationMs = Number(BigInt(span?.endTimeUnixNano ?? 0) - BigInt(span?.startTimeUnixNano ?? 0)) / 1e6;
    expect(durationMs).toBeGreaterThanOrEqual(100);
  });
});
