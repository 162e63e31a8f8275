import { ELASTICMQ_JARS, startElasticMq } from '../test/support/brokers/elasticmq.ts';
import { KAFKA_JARS, startKafka } from '../test/support/brokers/kafka.ts';
import { type Coordinates, fetchJars } from '../test/support/brokers/maven-jars.ts';
import { ensureRabbitMq, startRabbitMq } from '../test/support/brokers/rabbitmq.ts';

// Fetches what the queue tests need (`--fetch`), or starts all brokers on the loopback until Ctrl-C.

const FETCH_LIMIT_MS = 300_000;

interface Server {
  stop(): Promise<void>;
}

const rabbit = ensureRabbitMq();
const kafka = jarsOf('Kafka', KAFKA_JARS);
const elasticmq = jarsOf('ElasticMQ', ELASTICMQ_JARS);
if ('missing' in rabbit) console.error(`No RabbitMQ: ${rabbit.missing}.`);

if (!process.argv.includes('--fetch')) {
  const servers: Server[] = [];
  if ('script' in rabbit) {
    const server = await startRabbitMq(rabbit.script);
    servers.push(server);
    console.log(`RabbitMQ on ${server.url}`);
  }
  if (kafka) {
    const server = await startKafka(kafka);
    servers.push(server);
    console.log(`Kafka on ${server.address}`);
  }
  if (elasticmq) {
    const server = await startElasticMq(elasticmq);
    servers.push(server);
    console.log(`SQS (ElasticMQ) on ${server.url}`);
  }
  console.log('Ctrl-C stops them.');
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void Promise.all(servers.map((server) => server.stop())).then(() => process.exit(0)));
}

function jarsOf(name: string, coordinates: Coordinates): string | undefined {
  const jars = fetchJars(coordinates, FETCH_LIMIT_MS);
  if ('folder' in jars) return jars.folder;
  console.error(`No ${name}: ${jars.missing}.`);
  return undefined;
}
