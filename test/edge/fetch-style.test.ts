import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import { startEdgeVm } from './support/edge-vm.ts';
import { type Answer, request } from './support/http.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { PLATFORMS } from './support/platforms.ts';
import { type Sink, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import type { Worker } from './support/workerd.ts';

const S = 'b7ad6b7169203331';
const idOf = (i: number): string => (i + 1).toString(16).padStart(32, '0');

const ALL = [...PLATFORMS, { name: 'Vercel', title: "Vercel's edge VM", missing: undefined, start: startEdgeVm }];

describe.for(ALL)('instrument() of a function on $title', ({ name, missing, start }) => {
  if (missing) return test.skip('not here', () => {});
  let sink: Sink;
  let origin: Origin;
  let worker: Worker;
  beforeAll(async () => {
    [sink, origin] = await Promise.all([startSink(), startOrigin()]);
    worker = await start('fetcher', { COLLECTOR: sink.url, ORIGIN: origin.url });
  });
  afterAll(() => Promise.all([worker.stop(), sink.close(), origin.close()]));
  afterEach(async () => {
    await waitFor(async () => (await get('/ledger')).json<Ledger>().pending === 0, 'an empty queue');
    sink.clear();
    origin.clear();
  });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    request(worker.url + path, { headers });

  test('concurrent requests keep their traces over await, timers and subrequests', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const answer = await get(`/later?ms=${i % 5}`, { traceparent: `00-${idOf(i)}-${S}-01` });
        return answer.json<{
          seen: { headers: Record<string, string> };
          active: { traceId: string; spanId: string };
        }>();
      }),
    );
    const spans = await sink.find((found) => found.length === 40 && found, '40 spans');
    for (const [i, { seen, active }] of answers.entries()) {
      const own = spans.filter(({ traceId }) => traceId === idOf(i));
      const server = own.find(({ kind }) => kind === 2);
      const client = own.find(({ kind }) => kind === 3);
      expect(server).toMatchObject({ name: 'GET /later', parentSpanId: S });
      expect(client).toMatchObject({ name: 'GET', parentSpanId: server?.spanId });
      expect(active).toMatchObject({ traceId: idOf(i), spanId: server?.spanId });
      expect(seen.headers['traceparent']).toBe(`00-${idOf(i)}-${client?.spanId}-01`);
    }
    const resource = { 'service.name': 'fetcher', 'cloud.provider': name === 'workerd' ? 'cloudflare' : undefined };
    expect({ 'cloud.provider': undefined, ...spans[0]?.resource }).toMatchObject(resource);
  });

  test('an error of the handler is on the span and rethrown as it is', async () => {
    expect(await get('/throw')).toMatchObject({ status: 599, body: 'RangeError: left as it is' });
    const [span] = await sink.find((spans) => spans.length > 0 && spans, 'the span');
    expect(span).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': 'RangeError' } });
  });

  test('a streamed answer passes chunk by chunk, and its span lasts as long', async () => {
    const response = await fetch(`${worker.url}/stream`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const chunks: string[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(new TextDecoder().decode(value));
    }
    expect(chunks.join('')).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n');
    expect(chunks.length).toBeGreaterThan(1);
    const [span] = await sink.find((spans) => spans.length > 0 && spans, 'the span');
    const durationMs = Number(BigInt(span?.endTimeUnixNano ?? 0) - BigInt(span?.startTimeUnixNano ?? 0)) / 1e6;
    expect(durationMs).toBeGreaterThanOrEqual(100);
  });

  test('every span is accounted for', async () => {
    await Promise.all(Array.from({ length: 30 }, () => get('/ready')));
    await sink.find((spans) => spans.length === 30, '30 spans');
    const ledger = await waitFor(async () => {
      const now = (await get('/ledger')).json<Ledger>();
      return now.pending === 0 && now;
    }, 'a settled ledger');
    expect(ledger).toMatchObject({ acknowledged: ledger.produced, rejected: 0, dropped: {} });
  });
});
