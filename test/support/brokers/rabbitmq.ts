import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { type BrokerProcess, startBroker } from './broker-process.ts';
import { freePorts } from './free-ports.ts';

export interface RabbitMq {
  url: string;
  stop(): Promise<void>;
}

/** The server's own start script: the one in the path of Debian changes the user and reads the system's configuration. */
const SCRIPTS = [
  '/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server',
  '/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server',
  '/usr/local/opt/rabbitmq/sbin/rabbitmq-server',
];
const EPMD = ['/usr/bin/epmd', '/opt/homebrew/bin/epmd', '/usr/local/bin/epmd'];

/**
 * Finds RabbitMQ, or installs it where we are root on Debian or Ubuntu.
 * @returns the path of its start script, or why there is none
 * @throws Error when the installation fails
 */
export function ensureRabbitMq(): { script: string } | { missing: string } {
  const found = findScript();
  if (found) return { script: found };
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return {
      missing: 'RabbitMQ is not installed ("sudo apt-get install rabbitmq-server"), and only root may do it here',
    };
  console.error('RabbitMQ is missing: installing the system package (apt-get install rabbitmq-server) …');
  aptGet('update', '-q');
  // Debian would start it as a service on all addresses; a policy that denies is how to install without.
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    aptGet('install', '-y', '-q', '--no-install-recommends', 'rabbitmq-server');
  } finally {
    if (isOurs) rmSync(policy);
  }
  const script = findScript();
  if (!script) throw new Error('apt-get installed rabbitmq-server, but its start script is not where Debian puts it.');
  return { script };
}

function findScript(): string | undefined {
  return SCRIPTS.flatMap((pattern) => globSync(pattern)).find((path) => existsSync(path));
}

function aptGet(...args: string[]): void {
  execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=180', ...args], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** A node of its own: free ports, a folder of its own, every listener on 127.0.0.1, Erlang's port mapper included. */
export async function startRabbitMq(script: string): Promise<RabbitMq> {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-rabbitmq-'));
  const [port, distPort, epmdPort] = (await freePorts(3)) as [number, number, number];
  const env = {
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
    HOME: directory,
    RABBITMQ_ALLOW_INPUT: '1', // makes the script become the server, so that the child's id is the server's
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_MNESIA_BASE: join(directory, 'data'),
    RABBITMQ_NODENAME: `throughline${port}@localhost`,
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
  };
  writeFileSync(env.RABBITMQ_CONFIG_FILE, `listeners.tcp.1 = 127.0.0.1:${port}\nlog.console.level = warning\n`);
  writeFileSync(env.RABBITMQ_ENABLED_PLUGINS_FILE, '[].\n');
  // Started by us, because the one a node starts for itself outlives it.
  const portMapper = startBroker(EPMD.find((path) => existsSync(path)) ?? 'epmd', [
    '-address',
    '127.0.0.1',
    '-port',
    String(epmdPort),
  ]);
  let server: BrokerProcess | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    await portMapper.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const url = `amqp://127.0.0.1:${port}`;
  try {
    server = startBroker(script, [], env);
    await server.ready(async () => (await connect(url)).close());
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
