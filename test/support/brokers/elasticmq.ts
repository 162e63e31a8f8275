import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrokerProcess, startBroker } from './broker-process.ts';
import { freePorts } from './free-ports.ts';
import type { Coordinates } from './maven-jars.ts';

export const ELASTICMQ_JARS: Coordinates = 'org.elasticmq:elasticmq-server_2.13:1.6.14';

export interface SqsServer {
  /** The endpoint for an SQS client. */
  url: string;
  stop(): Promise<void>;
}

/** ElasticMQ, which speaks the protocol of SQS and holds its limits, in memory on 127.0.0.1. */
export async function startElasticMq(jars: string): Promise<SqsServer> {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-elasticmq-'));
  const [port] = (await freePorts(1)) as [number];
  const settings = join(directory, 'server.conf');
  writeFileSync(
    settings,
    `include classpath("application.conf")
node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
`,
  );
  const args = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', `-Dconfig.file=${settings}`];
  let server: BrokerProcess | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    server = startBroker('java', [...args, '-cp', join(jars, '*'), 'org.elasticmq.server.Main']);
    await server.ready(() => fetch(url));
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
