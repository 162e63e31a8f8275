import { ELASTICMQ_JARS, startElasticMq } from '../test/support/brokers/elasticmq.ts';
import { KAFKA_JARS, startKafka } from '../test/support/brokers/kafka.ts';
import { type Coordinates, fetchJars } from '../test/support/brokers/maven-jars.ts';
import { ensureRabbitMq, startRabbitMq } from '../test/support/brokers/rabbitmq.ts';

// Starts the brokers of the queue tests on the loopback until Ctrl-C, or with `--fetch rabbitmq` or `--fetch jars` only brings
// what they need.

const FETCH_LIMIT_MS = 300_000;
const JARS = [
  ['Kafka', KAFKA_JARS],
  ['SQS', ELASTICMQ_JARS],
] as const;

interface Server {
  stop(): Promise<void>;
}

const [flag, what] = process.argv.slice(2);
if (flag === '--fetch') {
  if (what === 'rabbitmq') findRabbitMq();
  else for (const [name, coordinates] of JARS) jarsOf(name, coordinates);
} else await serve();

async function serve(): Promise<void> {
  const servers: Server[] = [];
  const script = findRabbitMq();
  if (script) {
    const server = await startRabbitMq(script);
    servers.push(server);
    console.log(`RabbitMQ on ${server.url}`);
  }
  const kafka = jarsOf('Kafka', KAFKA_JARS);
  if (kafka) {
    const server = await startKafka(kafka);
    servers.push(server);
    console.log(`Kafka on ${server.address}`);
  }
  const elasticmq = jarsOf('SQS', ELASTICMQ_JARS);
  if (elasticmq) {
    const server = await startElasticMq(elasticmq);
    servers.push(server);
    console.log(`SQS (ElasticMQ) on ${server.url}`);
  }
  console.log('Ctrl-C stops them.');
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void Promise.all(servers.map((server) => server.stop())).then(() => process.exit(0)));
}

function findRabbitMq(): string | undefined {
  const rabbit = ensureRabbitMq();
  if ('script' in rabbit) return rabbit.script;
  console.error(`No RabbitMQ: ${rabbit.missing}.`);
  return undefined;
}

function jarsOf(name: string, coordinates: Coordinates): string | undefined {
  const jars = fetchJars(coordinates, FETCH_LIMIT_MS);
  if ('folder' in jars) return jars.folder;
  console.error(`No ${name}: ${jars.missing}.`);
  return undefined;
}
