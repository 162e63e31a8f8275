import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { traceKafka } from '../../edge/messaging/index.ts';
import { KAFKA_JARS, type KafkaBroker, startKafka } from '../support/brokers/kafka.ts';
import { fetchJars } from '../support/brokers/maven-jars.ts';
import { spanNamed, startTelemetry, type Telemetry } from '../support/messaging-telemetry.ts';
import { until } from '../support/running-collector.ts';

/** What is used of Confluent's client; no dependency of the project, whose installation would need its compiler. */
interface ConfluentClient {
  KafkaJS: { Kafka: new (config: { kafkaJS: { brokers: string[] } }) => Kafka };
}

interface Kafka {
  producer(): Connection & {
    send(record: { topic: string; messages: Array<{ value: string }> }): Promise<unknown>;
  };
  consumer(config: { kafkaJS: { groupId: string; fromBeginning: boolean } }): Connection & {
    subscribe(to: { topics: string[] }): Promise<void>;
    run(config: { eachMessage(payload: { message: { value: Buffer } }): Promise<void> }): Promise<void>;
  };
}

interface Connection {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

const CLIENT = '@confluentinc/kafka-javascript';
const client = loadClient();
const jars = fetchJars(KAFKA_JARS, 60_000);
const skipped = client
  ? 'missing' in jars && jars.missing
  : `${CLIENT} is not there; its native library comes from GitHub or a C++ compiler: npm run test:confluent`;
if (skipped) console.error(`Confluent's client is not tested on a broker: ${skipped}.`);

describe.skipIf(skipped)(`a trace through Confluent's client${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let broker: KafkaBroker;
  let telemetry: Telemetry;
  const open: Connection[] = [];

  beforeAll(async () => {
    broker = await startKafka('folder' in jars ? jars.folder : '');
    telemetry = await startTelemetry('shop');
  }, 180_000);
  afterAll(async () => {
    await Promise.all(open.map((connection) => connection.disconnect()));
    await telemetry?.stop();
    await broker?.stop();
  }, 60_000);

  test('the consumer links to the producer', async () => {
    const { KafkaJS } = client as ConfluentClient;
    const kafka = traceKafka(new KafkaJS.Kafka({ kafkaJS: { brokers: [broker.address] } }));
    const producer = kafka.producer();
    const consumer = kafka.consumer({ kafkaJS: { groupId: 'mailers', fromBeginning: true } });
    open.push(producer, consumer);
    await producer.connect();
    const produced = await telemetry.inTrace('checkout', () =>
      producer.send({ topic: 'orders', messages: [{ value: 'v' }] }),
    );
    const values: string[] = [];
    let consumed = '';
    await consumer.connect();
    await consumer.subscribe({ topics: ['orders'] });
    await consumer.run({
      eachMessage: async ({ message }) => {
        consumed = await telemetry.inTrace('work', () => values.push(message.value.toString()));
      },
    });
    await until(() => (consumed === '' ? undefined : consumed), 60_000);
    expect(values).toEqual(['v']);
    const sent = spanNamed(await telemetry.view(produced, (spans) => spans.length === 2), 'send orders');
    const processed = spanNamed(await telemetry.view(consumed, (spans) => spans.length === 2), 'process orders');
    expect(processed.links).toMatchObject([{ traceId: produced, spanId: sent.spanId }]);
    expect(processed.attributes).toMatchObject({ 'messaging.consumer.group.name': 'mailers' });
  });
});

/** From where scripts/confluent-client.ts puts it, or from where somebody has installed it. */
function loadClient(): ConfluentClient | undefined {
  try {
    return createRequire(new URL('../../.bench/confluent/', import.meta.url))(CLIENT);
  } catch {
    return undefined; // expected: it is no dependency
  }
}
