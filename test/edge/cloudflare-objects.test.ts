import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import { request } from './support/http.ts';
import { type Sink, type SinkSpan, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

describe('Durable Objects', () => {
  let sink: Sink;
  let worker: Worker;
  beforeAll(async () => {
    sink = await startSink();
    const object = (className: string) => ({ className, useSQLite: true });
    worker = await startWorker('objects', {
      bindings: { COLLECTOR: sink.url },
      durableObjects: {
        ROOM: object('Room'),
        FAULTY: object('Faulty'),
        SHELF: object('Shelf'),
        QUIET: object('QuietShelf'),
      },
    });
  });
  afterAll(() => Promise.all([worker.stop(), sink.close()]));
  afterEach(async () => {
    await waitFor(async () => (await get('/ledger')).json<Ledger>().pending === 0, 'an empty queue');
    sink.clear();
  });
  const get = (path: string) => request(worker.url + path);
  const all = (name: string, count: number): Promise<SinkSpan[]> =>
    sink.find((spans) => {
      const found = spans.filter((span) => span.name === name);
      return found.length >= count && found;
    }, `${count} of ${name}`);
  const linksOf = (span: SinkSpan | undefined) => span?.links?.map(({ traceId, spanId }) => [traceId, spanId]);

  test('an alarm is a trace of its own that links to who set it, also when that was an alarm', async () => {
    await get('/alarm');
    const [first, second] = await all('RoomBase alarm', 2);
    const [setter] = await all('RoomBase/wake', 1);
    expect(linksOf(first)).toEqual([[setter?.traceId, setter?.spanId]]);
    expect(linksOf(second)).toEqual([[first?.traceId, first?.spanId]]);
    expect(new Set([setter, first, second].map((span) => span?.traceId)).size).toBe(3);
    for (const alarm of [first, second]) {
      expect(alarm?.parentSpanId).toBeUndefined();
      expect(alarm?.attrs).toMatchObject({ 'faas.trigger': 'timer' });
      expect(alarm?.attrs).not.toHaveProperty('throughline.alarm.retry_count');
    }
  });

  test('an alarm that failed comes again: an error, then a run that says it is another try', async () => {
    await get('/alarm-fails');
    const [failed, retried] = await all('FaultyBase alarm', 2);
    const [setter] = await all('FaultyBase/wake', 1);
    expect(failed).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': 'RangeError' } });
    expect(retried?.status).toBeUndefined();
    expect(retried?.attrs['throughline.alarm.retry_count']).toBe(1);
    for (const alarm of [failed, retried]) expect(linksOf(alarm)).toEqual([[setter?.traceId, setter?.spanId]]);
  });

  test('handlers of a hibernatable WebSocket link to the request that brought the socket', async () => {
    const socket = new WebSocket(`${worker.url.replace('http', 'ws')}/socket`);
    const echo = await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send('hi');
      socket.onmessage = ({ data }) => resolve(data);
      socket.onerror = reject;
    });
    expect(echo).toBe('tag hi');
    const closed = new Promise<CloseEvent>((resolve) => {
      socket.onclose = resolve as never;
    });
    socket.close(4001);
    expect((await closed).code).toBe(4001);
    const [message] = await all('RoomBase webSocketMessage', 1);
    const [close] = await all('RoomBase webSocketClose', 1);
    const servers = sink.spans().filter((span) => span.attrs['http.response.status_code'] === 101 && span.kind === 2);
    const inside = servers.find((span) => span.parentSpanId !== undefined);
    for (const handler of [message, close]) {
      expect(linksOf(handler)).toEqual([[inside?.traceId, inside?.spanId]]);
      expect(handler).toMatchObject({ kind: 2, attrs: { 'faas.trigger': 'other' } });
      expect(handler?.parentSpanId).toBeUndefined();
    }
  });

  const USED = {
    inside: 1,
    rows: [{ name: 'ann' }],
    listed: ['k', 'l'],
    failure: 'DataCloneError',
    isPlatforms: true,
    size: 'number',
  };
  test('storage calls are spans when asked for: KV, transactions, SQL without its literals', async () => {
    expect((await get('/shelf')).json()).toEqual(USED);
    const [run] = await all('ShelfBase/use', 1);
    const calls = sink.spans().filter((span) => span.kind === 3 && span.attrs['db.namespace'] === 'ShelfBase');
    expect(calls.map(({ name }) => name).sort()).toEqual([
      'CREATE ShelfBase',
      'INSERT ShelfBase',
      'SELECT ShelfBase',
      'get ShelfBase',
      'list ShelfBase',
      'put ShelfBase',
      'put ShelfBase',
      'put ShelfBase',
      'transaction ShelfBase',
    ]);
    const named = (name: string) => calls.filter((span) => span.name === `${name} ShelfBase`);
    const [transaction] = named('transaction');
    expect(transaction).toMatchObject({ parentSpanId: run?.spanId });
    expect(named('get')[0]).toMatchObject({ parentSpanId: transaction?.spanId });
    expect(named('SELECT')[0]?.attrs).toMatchObject({
      'db.system.name': 'sqlite',
      'db.operation.name': 'SELECT',
      'db.query.text': 'SELECT name FROM people WHERE name <> ?',
    });
    expect(named('list')[0]?.attrs).toMatchObject({ 'db.system.name': 'cloudflare.durable_object' });
    expect(named('put').filter((span) => span.status?.code === 2)).toHaveLength(1);
    expect(JSON.stringify(calls)).not.toMatch(/ann|secret/);
  });
  test('and are none by default', async () => {
    expect((await get('/quiet')).json()).toEqual(USED);
    await sink.find((spans) => spans.some((span) => span.name === 'QUIET/use'), 'the call');
    expect(sink.spans().filter((span) => 'db.namespace' in span.attrs)).toEqual([]);
  });
});
