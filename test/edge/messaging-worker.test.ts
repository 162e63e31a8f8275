import { afterAll, beforeAll, expect, test } from 'vitest';
import { request } from './support/http.ts';
import { type Sink, startSink } from './support/sink.ts';
import { startWorker, type Worker } from './support/workerd.ts';

let sink: Sink;
let worker: Worker;
beforeAll(async () => {
  sink = await startSink();
  worker = await startWorker('messaging', { bindings: { COLLECTOR: sink.url } });
});
afterAll(() => Promise.all([worker?.stop(), sink?.close()]));

test('in workerd the carriers and wrappers use the edge tracer', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const answer = await request(worker.url, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
  const { sent, headers, consumed } = answer.json<{
    sent: Array<{ value: string; headers: { traceparent: string } }>;
    headers: { traceparent: string };
    consumed: { traceId: string };
  }>();
  const spans = await sink.trace(traceId, 3);
  const [server, produced, consumer] = ['GET', 'send orders', 'consumed'].map((name) =>
    spans.find((span) => span.name === name),
  );
  expect(produced).toMatchObject({ kind: 4, parentSpanId: server?.spanId });
  expect(produced?.attrs).toMatchObject({ 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' });
  expect(sent).toEqual([{ value: 'v', headers: { traceparent: `00-${traceId}-${produced?.spanId}-01` } }]);
  expect(headers).toEqual({ traceparent: `00-${traceId}-${server?.spanId}-01` });
  expect(consumer).toMatchObject({ kind: 5, parentSpanId: produced?.spanId });
  expect(consumed.traceId).toBe(traceId);
});
