import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { type BrokerProcess, startBroker } from './broker-process.ts';
import { freePorts } from './free-ports.ts';
import type { Coordinates } from './maven-jars.ts';

export const KAFKA_JARS: Coordinates = 'org.apache.kafka:kafka_2.13:4.1.0';

export interface KafkaBroker {
  /** `host:port` */
  address: string;
  stop(): Promise<void>;
}

/** One Apache Kafka node in KRaft mode, broker and controller in one, on 127.0.0.1 with its data in a folder of its own. */
export async function startKafka(jars: string): Promise<KafkaBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-kafka-'));
  const [port, controllerPort] = (await freePorts(2)) as [number, number];
  const settings = join(directory, 'server.properties');
  writeFileSync(
    settings,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${join(directory, 'data')}
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`,
  );
  const java = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(jars, '*')];
  let server: BrokerProcess | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const address = `127.0.0.1:${port}`;
  try {
    const clusterId = randomBytes(16).toString('base64url');
    execFileSync('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings], {
      stdio: 'pipe',
    });
    server = startBroker('java', [...java, 'kafka.Kafka', settings]);
    const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
    await server.ready(async () => {
      await admin.connect();
      await admin.listTopics();
    });
    await admin.disconnect();
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, stop };
}
