import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { runCli, spawnCollector } from '../support/running-collector.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'throughline-cli-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('the first start', () => {
  test('makes keys and prints what to paste, where to look and where the secret is', async () => {
    const data = join(base, 'new', 'directory');
    const collector = await spawnCollector({ data });
    const { keys } = JSON.parse(readFileSync(join(data, 'keys.json'), 'utf8'));
    const publicKey = keys.find(({ kind }: { kind: string }) => kind === 'public').key;
    const secretKey = keys.find(({ kind }: { kind: string }) => kind === 'secret').key;
    expect(collector.banner).toContain(
      `<script src="${collector.url}/throughline.js" data-key="${publicKey}" data-service="my-site" crossorigin async></script>`,
    );
    const [, path, integrity] =
      /src="[^"]*(\/throughline-[\w-]+\.js)" integrity="(sha384-[^"]+)"/.exec(collector.banner) ?? [];
    const script = Buffer.from(await (await fetch(collector.url + path)).arrayBuffer());
    expect(integrity).toBe(`sha384-${createHash('sha384').update(script).digest('base64')}`);
    expect(collector.banner).toContain(join(data, 'keys.json'));
    expect(collector.banner).not.toContain(secretKey);
    expect(statSync(join(data, 'keys.json')).mode & 0o777).toBe(0o600);
    const body = JSON.stringify(makePayload({ spans: [makeSpan()] }));
    expect((await fetch(`${collector.url}/otlp?k=${publicKey}`, { method: 'POST', body })).status).toBe(200);
    expect(await collector.kill('SIGTERM')).toBe(0);

    const again = await spawnCollector({ data });
    expect(again.banner).toContain(publicKey);
    expect(await again.kill('SIGTERM')).toBe(0);
  });

  test('keys and the read token can come from options and from the environment', async () => {
    const collector = await spawnCollector({
      data: base,
      args: ['--key', 'pk_from_option'],
      env: { THROUGHLINE_READ_TOKEN: 'token-of-the-env' },
    });
    const body = JSON.stringify(makePayload({ spans: [makeSpan()] }));
    expect((await fetch(`${collector.url}/otlp?k=pk_from_option`, { method: 'POST', body })).status).toBe(200);
    expect((await fetch(`${collector.url}/api/stats`)).status).toBe(401);
    const headers = { authorization: 'Bearer token-of-the-env' };
    expect((await fetch(`${collector.url}/api/stats`, { headers })).status).toBe(200);
    await collector.kill('SIGTERM');
  });
});

describe('what cannot work is said in one sentence', () => {
  const fails = async (args: string[], sentence: RegExp) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^\s+at /m);
  };

  test.each([
    [['--prot', '1'], /Unknown option '--prot'/],
    [['somewhere'], /Unexpected argument 'somewhere'/],
    [['--port', 'http'], /--port must be a number from 0 to 65535, not "http"/],
    [['--port', '70000'], /--port must be/],
    [['--port'], /'--port <value>' argument missing/],
    [['--retention', '7'], /--retention must be a time like 12h, 7d or 4w/],
    [['--max-size', 'huge'], /--max-size must be a size like 500MB/],
    [['--forward', 'collector.example'], /--forward must be an address like https/],
    [['--forward-header', 'nonsense'], /--forward-header must be like/],
    [['--key', 'short'], /--key must be 8-200 letters/],
  ])('%j', (args, sentence) => fails(args, sentence));

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await fails(['--port', String(port), '--data', base], /Port \d+ is taken: .*--port/);
    other.close();
    await once(other, 'close');
  });

  test('an address this machine does not have', () =>
    fails(['--port', '0', '--host', '203.0.113.1', '--data', base], /no address 203\.0\.113\.1: .*--host/));

  test('a data directory that is a file', async () => {
    writeFileSync(join(base, 'file'), '');
    await fails(['--port', '0', '--data', join(base, 'file')], /is a file: .*--data/);
  });

  test.skipIf(process.getuid?.() === 0)('a data directory without permission', async () => {
    mkdirSync(join(base, 'closed'));
    chmodSync(join(base, 'closed'), 0o500);
    await fails(['--port', '0', '--data', join(base, 'closed', 'data')], /may not be read or written.*--data/);
  });

  // Not even root may make a directory there.
  test('a data directory where nobody may write', () =>
    fails(['--port', '0', '--data', '/sys/throughline'], /\/sys\/throughline may not be read or written.*--data/));

  test.skipIf(process.platform !== 'linux')('a data directory where the file system makes none', () =>
    fails(['--port', '0', '--data', '/proc/throughline'], /\/proc\/throughline cannot be made there: .*--data/),
  );

  test('two collectors on one data directory', async () => {
    const collector = await spawnCollector({ data: base });
    await fails(['--port', '0', '--data', base], /throughline: .+/);
    await collector.kill('SIGTERM');
  });

  test.each([
    ['{', /keys\.json: it is not JSON/],
    ['{"keys":{}}', /expected \{"keys":\[…\]\}/],
    ['{"keys":[{"id":"a b","key":"pk_12345","kind":"public"}]}', /keys\[0\]: "id" must be/],
    ['{"keys":[{"id":"a","key":"x","kind":"public"}]}', /keys\[0\]: "key" must be/],
    ['{"keys":[{"id":"a","key":"pk_12345","kind":"both"}]}', /keys\[0\]: "kind" must be/],
    [
      '{"keys":[{"id":"a","key":"pk_12345","kind":"public","origins":["shop.example"]}]}',
      /"origins" must be a list like/,
    ],
    ['{"keys":[{"id":"a","key":"pk_12345","kind":"public","services":"x"}]}', /"services" must be a list/],
    [
      '{"keys":[{"id":"a","key":"pk_12345","kind":"public"},{"id":"a","key":"pk_67890","kind":"public"}]}',
      /keys\[1\]: "id" a is there twice/,
    ],
  ])('keys.json with %s', async (text, sentence) => {
    writeFileSync(join(base, 'keys.json'), text);
    await fails(['--port', '0', '--data', base], sentence);
  });
});

test('--help and --version answer and leave', async () => {
  expect(await runCli(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--retention <time>') });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});
