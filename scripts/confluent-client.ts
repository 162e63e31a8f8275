import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Brings Confluent's Kafka client for its test, into `.bench/confluent`: `npm run test:confluent`. No dependency of the project,
// because installing it takes its library from GitHub or, where that cannot be reached, minutes of a C++ compiler.

const VERSION = '1.10.1';
const FOLDER = fileURLToPath(new URL('../.bench/confluent/', import.meta.url));
const LIBRARIES = ['g++', 'make', 'python3', 'libssl-dev', 'zlib1g-dev', 'libsasl2-dev', 'libcurl4-openssl-dev'];

const npm = (...args: string[]) => run('npm', ['install', '--no-audit', '--no-fund', ...args]);

if (!existsSync(join(FOLDER, 'node_modules/@confluentinc'))) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), '{ "private": true }\n');
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    run('apt-get', ['update', '-q']);
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...LIBRARIES]);
  } else console.error(`To be compiled it needs: ${LIBRARIES.join(', ')}.`);
  // The headers of the Node that runs this; the client is compiled for no other.
  const node = `node-${process.platform}-${process.arch}`;
  npm('--ignore-scripts', `${node}@${process.versions.node}`);
  const headers = dirname(createRequire(FOLDER).resolve(`${node}/package.json`));
  console.error('Installing the client; compiling it takes some minutes …');
  process.env.npm_config_nodedir = headers;
  // With the system's libraries: its own would come from GitHub.
  process.env.CKJS_LINKING = 'dynamic';
  npm(`@confluentinc/kafka-javascript@${VERSION}`);
}

function run(command: string, args: string[]): void {
  execFileSync(command, args, { cwd: FOLDER, stdio: ['ignore', 2, 2] });
}
