import { Miniflare } from 'miniflare';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, request } from './support/http.ts';
import { type Sink, type SinkSpan, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { bundle } from './support/workerd.ts';

describe('triggers', () => {
  let sink: Sink;
  let platform: Miniflare;
  let url: string;
  beforeAll(async () => {
    sink = await startSink();
    const worker = {
      modules: true,
      script: await bundle('triggers'),
      compatibilityDate: '2026-06-01',
      compatibilityFlags: ['nodejs_als'],
      bindings: { COLLECTOR: sink.url },
      kvNamespaces: { KV: 'shared' },
      queueProducers: { ORDERS: 'orders', BATCHES: 'batches' },
    };
    const consumer = { maxBatchTimeout: 0, maxRetries: 2, retryDelay: 0 };
    platform = new Miniflare({
      host: '127.0.0.1',
      port: 0,
      unsafeTriggerHandlers: true,
      workers: [
        {
          ...worker,
          name: 'shop',
          tails: ['watcher'],
          queueConsumers: {
            orders: { ...consumer, maxBatchSize: 1 },
            batches: { ...consumer, maxBatchSize: 2, maxBatchTimeout: 1 },
          },
        },
        { ...worker, name: 'watcher' },
      ],
    } as ConstructorParameters<typeof Miniflare>[0]);
    url = (await platform.ready).origin;
  });
  afterAll(() => Promise.all([platform.dispose(), sink.close()]));
  afterEach(() => sink.clear());
  const written = (path: string): Promise<string> =>
    waitFor(async () => (await request(url + path)).body, `what the handler wrote to ${path}`);
  const span = (name: string, select: (span: SinkSpan) => boolean = () => true): Promise<SinkSpan> =>
    sink.find((spans) => spans.find((one) => one.name === name && select(one)), `the span ${name}`);

  describe('queue', () => {
    test('the work on a single message goes on with its trace, where that is asked for', async () => {
      await request(`${url}/send`);
      expect(await written('/batch')).toBe('[{"order":1}]');
      const process = await span('process orders');
      const send = await span('send orders');
      expect(process).toMatchObject({ kind: 5, traceId: send.traceId, parentSpanId: send.spanId });
      expect(process.links).toBeUndefined();
      expect(process.attrs['messaging.message.id']).toEqual(expect.any(String));
      const work = await span('put KV', ({ parentSpanId }) => parentSpanId === process.spanId);
      expect(work.traceId).toBe(send.traceId);
    });
    test('a batch links all the same; that it was sent back, and came again, is said', async () => {
      await request(`${url}/send-batch`);
      const again = await span('process batches', ({ attrs }) => 'throughline.messaging.delivery_attempt' in attrs);
      const first = await span('process batches', ({ attrs }) => !('throughline.messaging.delivery_attempt' in attrs));
      const creates = sink.spans().filter(({ name }) => name === 'create batches');
      expect(again.attrs['throughline.messaging.delivery_attempt']).toBe(2);
      for (const run of [first, again]) {
        expect(run.parentSpanId).toBeUndefined();
        expect(run.links?.map(({ spanId }) => spanId).sort()).toEqual(creates.map(({ spanId }) => spanId).sort());
      }
      const settled = (run: SinkSpan): unknown => run.events?.map(({ name, attributes }) => [name, attributes]);
      const event = (how: string) => [
        'throughline.message.settled',
        [{ key: 'throughline.messaging.settlement', value: { stringValue: how } }],
      ];
      expect(settled(first)).toEqual([event('requeue')]);
      expect(settled(again)).toEqual([event('ack')]);
    });
  });

  describe('email', () => {
    const deliver = (subject: string): Promise<Answer> =>
      request(`${url}/cdn-cgi/handler/email?from=ann@example.com&to=bob@example.com`, {
        method: 'POST',
        body: `From: ann@example.com\r\nTo: bob@example.com\r\nSubject: ${subject}\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n`,
      });
    test('is an invocation; nothing of the message is recorded', async () => {
      expect((await deliver('welcome')).status).toBe(200);
      expect(await written('/email')).toBe('ann@example.com bob@example.com welcome true');
      const email = await span('email');
      expect(email).toMatchObject({ kind: 2, attrs: { 'faas.trigger': 'other' } });
      await span('put KV', ({ parentSpanId }) => parentSpanId === email.spanId);
      expect(JSON.stringify(sink.spans())).not.toMatch(/example\.com|welcome/);
    });
    test('can be rejected as ever, and fail', async () => {
      expect((await deliver('unwelcome')).body).toContain('no thanks');
      const { status } = await deliver('broken');
      expect(status).toBe(500);
      const failed = await span('email', (one) => one.status?.code === 2);
      expect(failed.attrs['error.type']).toBe('TypeError');
    });
  });

  test('tail: a worker that watches another is traced as well', async () => {
    await request(`${url}/fail`);
    const events = JSON.parse(await written('/tail')) as unknown;
    expect(events).toEqual(['exception', ['RangeError']]);
    const tail = await span('tail');
    expect(tail).toMatchObject({ kind: 2, attrs: { 'faas.trigger': 'other' } });
    expect(tail.parentSpanId).toBeUndefined();
  });
});
