// Runs the W3C Trace Context suite against the edge tracer in workerd, Node, Deno and Bun:
// npm run test:conformance -- --w3c PATH, where PATH is a checkout of github.com/w3c/trace-context (or its `test`).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PLATFORMS } from '../edge/support/platforms.ts';

const { values } = parseArgs({ options: { w3c: { type: 'string' }, python: { type: 'string', default: 'python3' } } });
const folder = [values.w3c ?? '', join(values.w3c ?? '', 'test')].find((path) => existsSync(join(path, 'test.py')));
if (values.w3c === undefined || folder === undefined) {
  console.error('Usage: npm run test:conformance -- --w3c PATH [--python python3]');
  console.error('PATH is a checkout of https://github.com/w3c/trace-context; its suite needs Python with aiohttp.');
  process.exit(2);
}
const python = [values.python, '/usr/bin/python3'].find(
  (candidate) => spawnSync(candidate, ['-c', 'import aiohttp']).status === 0,
);
if (python === undefined) {
  console.error('No Python with aiohttp: install python3-aiohttp, or name one with --python.');
  process.exit(2);
}

let failures = 0;
for (const { name, missing, start } of PLATFORMS) {
  if (missing) continue;
  const service = await start('callback', {});
  const { status, stderr } = spawnSync(python, ['test.py', service.url], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, SPEC_LEVEL: '2', STRICT_LEVEL: '2', HARNESS_PORT: String(await freePort()) },
  });
  await service.stop();
  const total = Number(/^Ran (\d+) tests/m.exec(stderr)?.[1] ?? 0);
  const passed = stderr.match(/ \.\.\. ok$/gm)?.length ?? 0;
  if (status !== 0 || total === 0 || passed !== total) {
    console.error(stderr);
    failures += 1;
  }
  console.log(`W3C Trace Context, level 2, strict, ${name}: ${passed} of ${total}`);
}
process.exit(failures === 0 ? 0 : 1);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
