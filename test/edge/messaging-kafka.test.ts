import { trace } from '@opentelemetry/api';
import { type Consumer, type EachBatchPayload, type EachMessagePayload, Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { traceKafka } from '../../edge/messaging/index.ts';
import { KAFKA_JARS, type KafkaBroker, startKafka } from '../support/brokers/kafka.ts';
import { fetchJars } from '../support/brokers/maven-jars.ts';
import { spanNamed, startTelemetry, type Telemetry } from '../support/messaging-telemetry.ts';
import { until } from '../support/running-collector.ts';

const jars = fetchJars(KAFKA_JARS, 60_000);
const skipped = 'missing' in jars ? jars.missing : undefined;
if (skipped) console.error(`Kafka is not tested: ${skipped}.`);

describe.skipIf(skipped)(`a trace through Kafka${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let broker: KafkaBroker;
  let telemetry: Telemetry;
  let kafka: Kafka;
  let producer: Producer;
  const consumers: Consumer[] = [];

  beforeAll(async () => {
    broker = await startKafka('folder' in jars ? jars.folder : '');
    telemetry = await startTelemetry('shop');
    kafka = traceKafka(clientOf());
    producer = kafka.producer();
    await producer.connect();
    const admin = kafka.admin();
    await admin.connect();
    const topics = ['orders', 'joined', 'batched', 'huge', 'retried', 'a', 'b', 'own', 'transacted'];
    await admin.createTopics({ topics: topics.map((topic) => ({ topic })), waitForLeaders: true });
    await admin.disconnect();
  }, 180_000);
  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
    await producer?.disconnect();
    await telemetry?.stop();
    await broker?.stop();
  }, 60_000);

  function clientOf(): Kafka {
    return new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } });
  }

  type Run = Parameters<Consumer['run']>[0];
  async function consume(topics: string[], run: Run, client = kafka): Promise<void> {
    const consumer = client.consumer({ groupId: `group-${topics}`, heartbeatInterval: 500, maxWaitTimeInMs: 100 });
    consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run(run);
  }
  const activeTrace = (): string => trace.getActiveSpan()?.spanContext().traceId ?? '';

  test('the consumer links to the producer, and the message arrives as it was', async () => {
    const message = Object.freeze({ key: 'k', value: 'v', headers: Object.freeze({ tenant: 'a' }) });
    const produced = await telemetry.inTrace('checkout', () =>
      producer.send(Object.freeze({ topic: 'orders', messages: [message] })),
    );
    const seen: Array<{ payload: EachMessagePayload; traceId: string }> = [];
    // Started inside of a span that no message belongs to.
    await telemetry.inTrace('start-up', () =>
      consume(['orders'], {
        eachMessage: async (payload) => {
          seen.push({ payload, traceId: activeTrace() });
        },
      }),
    );
    const { payload, traceId } = await until(() => seen[0]);

    const sent = spanNamed(await telemetry.view(produced, (spans) => spans.length === 2), 'send orders');
    expect(sent).toMatchObject({ kind: 'producer', layer: 'queue' });
    expect(sent.attributes).toMatchObject({
      'messaging.system': 'kafka',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
    });
    expect(payload.message.value).toEqual(Buffer.from('v'));
    expect(payload.message.key).toEqual(Buffer.from('k'));
    expect(payload.message.headers).toEqual({
      tenant: Buffer.from('a'),
      traceparent: Buffer.from(`00-${produced}-${sent.spanId}-01`),
    });
    const processed = spanNamed(await telemetry.view(traceId, (spans) => spans.length === 1), 'process orders');
    expect(processed).toMatchObject({ kind: 'consumer', layer: 'queue', parentSpanId: '' });
    expect(processed.links).toMatchObject([{ traceId: produced, spanId: sent.spanId }]);
    expect(processed.attributes).toMatchObject({
      'messaging.consumer.group.name': 'group-orders',
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
      'messaging.message.body.size': 1,
    });
    expect(processed.attributes['throughline.messaging.queue_time_ms']).toBeGreaterThanOrEqual(0);
  });

  test('join: continue puts the consumer into the producer’s trace, below the message', async () => {
    const produced = await telemetry.inTrace('checkout', () =>
      producer.send({ topic: 'joined', messages: [{ value: '1' }] }),
    );
    await consume(['joined'], { eachMessage: async () => undefined }, traceKafka(clientOf(), { join: 'continue' }));
    const view = await telemetry.view(produced, (spans) => spans.length === 3);
    const sent = spanNamed(view, 'send joined');
    expect(spanNamed(view, 'process joined')).toMatchObject({ parentSpanId: sent.spanId, links: [] });
  });

  test('a batch links to the producer span of each of its messages', async () => {
    const produced = await telemetry.inTrace('checkout', () =>
      producer.send({ topic: 'batched', messages: [{ value: '1' }, { value: '2' }, { value: '3' }] }),
    );
    const batches: Array<{ payload: EachBatchPayload; traceId: string }> = [];
    await consume(['batched'], {
      eachBatch: async (payload) => {
        batches.push({ payload, traceId: activeTrace() });
      },
    });
    const { payload, traceId } = await until(() => batches[0]);
    expect(payload.batch.messages.map(({ value }) => String(value))).toEqual(['1', '2', '3']);

    const view = await telemetry.view(produced, (spans) => spans.length === 5);
    const created = view.spans.filter(({ name }) => name === 'create batched');
    expect(created.map(({ kind }) => kind)).toEqual(['producer', 'producer', 'producer']);
    const sent = spanNamed(view, 'send batched');
    expect(sent).toMatchObject({ kind: 'client', attributes: { 'messaging.batch.message_count': 3 } });
    const ids = created.map(({ spanId }) => spanId).sort();
    expect(sent.links.map(({ spanId }) => spanId).sort()).toEqual(ids);

    const processed = spanNamed(await telemetry.view(traceId, (spans) => spans.length === 1), 'process batched');
    expect(processed).toMatchObject({ kind: 'consumer', attributes: { 'messaging.batch.message_count': 3 } });
    expect(processed.links.map(({ spanId }) => spanId).sort()).toEqual(ids);
    expect(processed.links.map(({ attributes }) => attributes['messaging.kafka.offset'])).toEqual([0, 1, 2]);
  });

  test('500 messages from 500 senders make 128 links and count the others', async () => {
    const messages = Array.from({ length: 500 }, (_, i) => ({
      value: String(i),
      headers: { traceparent: `00-0af7651916cd43dd8448eb211c80319c-${(i + 1).toString(16).padStart(16, '0')}-01` },
    }));
    const produced = await telemetry.inTrace('import', () => producer.send({ topic: 'huge', messages }));
    const counts: Array<{ length: number; traceId: string }> = [];
    await consume(['huge'], {
      eachBatch: async ({ batch }) => {
        counts.push({ length: batch.messages.length, traceId: activeTrace() });
      },
    });
    const { length, traceId } = await until(() => counts[0]);
    expect(length).toBe(500);
    const sent = spanNamed(await telemetry.view(produced, (spans) => spans.length === 2), 'send huge');
    const processed = spanNamed(await telemetry.view(traceId, (spans) => spans.length === 1), 'process huge');
    for (const span of [sent, processed]) {
      expect(span.links).toHaveLength(128);
      expect(span.attributes).toMatchObject({
        'messaging.batch.message_count': 500,
        'throughline.messaging.links_dropped': 372,
      });
    }
  });

  test('a message whose handler failed comes again as the second attempt, with the same link', async () => {
    const produced = await telemetry.inTrace('checkout', () =>
      producer.send({ topic: 'retried', messages: [{ value: '1' }] }),
    );
    const traces: string[] = [];
    await consume(['retried'], {
      eachMessage: async () => {
        traces.push(activeTrace());
        // kafkajs gives up on a RangeError and its kind: they are faults of the program.
        if (traces.length === 1) throw Object.assign(new Error('not today'), { code: 'OUT_OF_STOCK' });
      },
    });
    const [first, second] = (await until(() => (traces.length > 1 ? traces : undefined), 20_000)) as [string, string];
    const failed = spanNamed(await telemetry.view(first, (spans) => spans.length === 1), 'process retried');
    expect(failed).toMatchObject({ status: 'error', attributes: { 'error.type': 'OUT_OF_STOCK' } });
    const again = spanNamed(await telemetry.view(second, (spans) => spans.length === 1), 'process retried');
    expect(again).toMatchObject({ status: 'unset', links: [{ traceId: produced }] });
    expect(again.attributes).toMatchObject({ 'throughline.messaging.delivery_attempt': 2 });
    expect(again.links).toEqual(failed.links);
  });

  test('sendBatch to several topics gives each message its own context', async () => {
    const produced = await telemetry.inTrace('checkout', () =>
      producer.sendBatch({
        topicMessages: [
          { topic: 'a', messages: [{ value: '1' }] },
          { topic: 'b', messages: [{ value: '2' }, { value: '3' }] },
        ],
      }),
    );
    const view = await telemetry.view(produced, (spans) => spans.length === 5);
    const sent = spanNamed(view, 'send');
    expect(sent.links).toHaveLength(3);
    expect(sent.attributes).not.toHaveProperty('messaging.destination.name');
    const parents = new Map<string, string>();
    await consume(['a', 'b'], {
      eachMessage: async ({ message }) => {
        parents.set(String(message.value), String(message.headers?.traceparent).slice(36, 52));
      },
    });
    await until(() => (parents.size === 3 ? true : undefined));
    const created = (name: string): string[] =>
      view.spans.filter((span) => span.name === name).map(({ spanId }) => spanId);
    expect([parents.get('1')]).toEqual(created('create a'));
    expect([parents.get('2'), parents.get('3')].sort()).toEqual(created('create b').sort());
  });

  test('a transaction’s sends are traced', async () => {
    const transactional = kafka.producer({ transactionalId: 't', maxInFlightRequests: 1, idempotent: true });
    await transactional.connect();
    const produced = await telemetry.inTrace('checkout', async () => {
      const transaction = await transactional.transaction();
      await transaction.send({ topic: 'transacted', messages: [{ value: '1' }] });
      await transaction.commit();
    });
    await transactional.disconnect();
    const view = await telemetry.view(produced, (spans) => spans.length === 2);
    expect(spanNamed(view, 'send transacted').kind).toBe('producer');
  });

  test('a send that fails rejects with the client’s own error, on its span too', async () => {
    const errors: unknown[] = [];
    const produced = await telemetry.inTrace('checkout', async () => {
      const bad = { topic: 'orders', messages: [{ value: undefined as unknown as string }] };
      await producer.send(bad).catch((error) => errors.push(error));
      await producer.send(undefined as unknown as Parameters<Producer['send']>[0]).catch((error) => errors.push(error));
    });
    expect(errors).toMatchObject([{ name: 'KafkaJSNonRetriableError' }, { name: 'TypeError' }]);
    const view = await telemetry.view(produced, (spans) => spans.length === 2);
    expect(spanNamed(view, 'send orders')).toMatchObject({
      status: 'error',
      attributes: { 'error.type': 'KafkaJSNonRetriableError' },
    });
  });
});
