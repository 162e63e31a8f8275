import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSpool } from '../../edge/collector/forward/spool.ts';
import { createLossLedger } from '../../edge/collector/ledger/loss-ledger.ts';
import { decodeTracesProtobuf } from '../../edge/otlp/decode-protobuf.ts';
import { startForwarder } from '../../edge/server.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, runCollector, SECRET_KEY, spawnCollector, until } from '../support/running-collector.ts';

let base: string;
let servers: Server[] = [];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'throughline-forward-'));
});
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
  rmSync(base, { recursive: true, force: true });
});

interface Received {
  path: string;
  names: string[];
  authorization: string | undefined;
  atMs: number;
}

/** Somebody else's collector, that answers as it is told. */
async function startUpstream(
  answer: (received: Received, count: number) => { status: number; headers?: Record<string, string> },
  port = 0,
) {
  const requests: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { spans } = decodeTracesProtobuf(gunzipSync(Buffer.concat(chunks)));
    const received = {
      path: request.url ?? '',
      names: spans.map(({ span }) => span.name),
      authorization: request.headers.authorization,
      atMs: Date.now(),
    };
    requests.push(received);
    const { status, headers } = answer(received, requests.length);
    response.writeHead(status, headers).end();
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  const address = server.address() as AddressInfo;
  return { requests, port: address.port, url: `http://127.0.0.1:${address.port}` };
}

const send = async (url: string, name: string) => {
  const body = JSON.stringify(makePayload({ spans: [makeSpan({ name })] }));
  const response = await fetch(`${url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body });
  expect([response.status, await response.text()]).toEqual([200, '{}']);
};

test('spans and log records reach another collector, once, with where they came from', async () => {
  const upstream = await runCollector();
  const ledger = createLossLedger();
  const forwarder = startForwarder({
    onForwarded: (keyId, records) => ledger.count(keyId, { forwarded: records }),
    url: upstream.url,
    headers: { Authorization: `Bearer ${SECRET_KEY}` },
    directory: join(base, 'forward'),
    report: () => undefined,
  });
  const front = await runCollector({ forwarder, ledger });
  const span = makeSpan();
  const payload = makePayload({ spans: [span], logs: [makeLog({ traceId: span.traceId, eventName: 'exception' })] });
  for (let i = 0; i < 3; i++)
    await fetch(`${front.url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body: JSON.stringify(payload) });
  const trace = await until(async () => {
    const found = await upstream.store.trace(span.traceId);
    return found?.logs.length ? found : undefined;
  });
  expect([trace.spans.length, trace.logs.length]).toEqual([1, 1]);
  await until(() => (forwarder.counts.forwarded === 2 ? true : undefined));
  const { ingest } = (await (await fetch(`${front.url}/api/stats`)).json()) as { ingest: { forward: object } };
  expect(ingest.forward).toEqual({ forwarded: 2, parked: 0, dropped: 0 });
  expect(upstream.collector.counters.duplicateSpans).toBe(0);
  expect(ledger.keys().get('web')).toMatchObject({ received: 6, stored: 2, duplicate: 4, forwarded: 2 });
  await front.stop();
  await forwarder.close();
  await upstream.stop();
});

test('an outage, and kill -9 in the middle of it, lose nothing and keep the order', async () => {
  const closed = await startUpstream(() => ({ status: 200 }));
  const { port } = closed;
  servers.pop()?.close();
  const data = join(base, 'data');
  const args = [
    '--key',
    PUBLIC_KEY,
    '--forward',
    `http://127.0.0.1:${port}`,
    '--forward-header',
    'Authorization: Bearer sk_upstream',
  ];
  const names = Array.from({ length: 30 }, (_, i) => `span ${i}`);
  let front = await spawnCollector({ data, args });
  for (const name of names.slice(0, 15)) await send(front.url, name);
  await front.kill('SIGKILL');
  front = await spawnCollector({ data, args });
  for (const name of names.slice(15)) await send(front.url, name);
  const upstream = await startUpstream(() => ({ status: 200 }), port);
  await until(
    () => (upstream.requests.flatMap((request) => request.names).includes('span 29') ? true : undefined),
    70_000,
  );
  expect(upstream.requests.flatMap((request) => request.names)).toEqual(names);
  expect(upstream.requests[0]).toMatchObject({ path: '/v1/traces', authorization: 'Bearer sk_upstream' });
  expect(await front.kill('SIGTERM')).toBe(0);
}, 120_000);

describe('an upstream that answers', () => {
  const run = async (answer: Parameters<typeof startUpstream>[0]) => {
    const upstream = await startUpstream(answer);
    const reports: string[] = [];
    const forwarder = startForwarder({
      url: upstream.url,
      directory: join(base, 'forward'),
      report: (message) => reports.push(message),
    });
    const front = await runCollector({ forwarder });
    const stop = async () => {
      await front.stop();
      await forwarder.close();
    };
    return { upstream, reports, forwarder, front, stop };
  };

  test('400 to one batch: it is set aside, the others arrive in order', async () => {
    const { upstream, reports, forwarder, front, stop } = await run(({ names }) => ({
      status: names.includes('poison') ? 400 : 200,
    }));
    for (const name of ['a', 'b', 'poison', 'c', 'd']) await send(front.url, name);
    await until(() => (forwarder.counts.forwarded === 4 ? true : undefined));
    expect(forwarder.counts).toEqual({ forwarded: 4, parked: 1, dropped: 0 });
    const taken = upstream.requests.filter(({ names }) => !names.includes('poison')).flatMap(({ names }) => names);
    expect(taken).toEqual(['a', 'b', 'c', 'd']);
    expect(reports.some((message) => message.includes('refuses a batch for good'))).toBe(true);
    expect(readdirSync(join(base, 'forward', 'parked')).some((name) => name.endsWith('.spool'))).toBe(true);
    await stop();
  });

  test('429 with Retry-After: it is obeyed', async () => {
    const { upstream, forwarder, front, stop } = await run((_, count) =>
      count === 1 ? { status: 429, headers: { 'retry-after': '2' } } : { status: 200 },
    );
    await send(front.url, 'a');
    await until(() => (forwarder.counts.forwarded === 1 ? true : undefined));
    const [first, second] = upstream.requests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1950);
    await stop();
  });

  test('401: a wrong key is no reason to lose anything', async () => {
    const { reports, forwarder, front, stop } = await run((_, count) => ({ status: count < 3 ? 401 : 200 }));
    await send(front.url, 'a');
    await until(() => (forwarder.counts.forwarded === 1 ? true : undefined));
    expect(reports.filter((message) => message.includes('status 401'))).toHaveLength(1);
    expect(reports.at(-1)).toBe('forwarding works again.');
    await stop();
  });

  test('a redirect is not followed', async () => {
    const elsewhere = await startUpstream(() => ({ status: 200 }));
    const { upstream, front, stop } = await run(() => ({
      status: 307,
      headers: { location: `${elsewhere.url}/v1/traces` },
    }));
    await send(front.url, 'a');
    await until(() => (upstream.requests.length >= 2 ? true : undefined));
    expect(elsewhere.requests).toEqual([]);
    await stop();
  });
});

describe('the spool', () => {
  const entry = (text: string) => ({ kind: 1, records: 1, payload: Buffer.from(text) });
  const textsOf = (entries: Array<{ payload: Buffer }>) => entries.map(({ payload }) => payload.toString());
  const open = (options: { maxBytes?: number; onLost?: (records: number, why: string) => void } = {}) =>
    openSpool({ directory: base, maxBytes: 10_000, segmentBytes: 1000, onLost: () => undefined, ...options });

  test('gives back what was put in, in order, over many segments and openings', () => {
    const texts = Array.from({ length: 200 }, (_, i) => `entry ${i}`);
    let spool = open();
    for (const text of texts.slice(0, 120)) spool.append(entry(text));
    const seen: string[] = [];
    const take = (count: number) => {
      for (let i = 0; i < count; i++) {
        const [next] = spool.peek(1);
        seen.push(...textsOf(next ? [next] : []));
        spool.advance(1);
      }
    };
    take(70);
    spool.close();
    spool = open();
    for (const text of texts.slice(120)) spool.append(entry(text));
    take(130);
    expect(seen).toEqual(texts);
    expect(spool.peek(1)).toEqual([]);
    expect(spool.pendingBytes()).toBe(0);
    spool.close();
  });

  test('gives entries of one kind together, and of another after them', () => {
    const spool = open();
    for (const kind of [1, 1, 2, 2, 1]) spool.append({ ...entry(String(kind)), kind });
    for (const expected of [['1', '1'], ['2', '2'], ['1']]) {
      expect(textsOf(spool.peek(10_000))).toEqual(expected);
      spool.advance(expected.length);
    }
    spool.close();
  });

  test('a torn end is left out, what comes after it is not', () => {
    let spool = open();
    for (const text of ['a', 'b', 'torn']) spool.append(entry(text));
    spool.close();
    truncateSync(join(base, '00000001.spool'), 3 * 16 + 4);
    spool = open();
    spool.append(entry('c'));
    expect(textsOf(spool.peek(10_000))).toEqual(['a', 'b', 'c']);
    spool.close();
  });

  test('beyond its quota the oldest goes, counted', () => {
    let lost = 0;
    const spool = open({ maxBytes: 5000, onLost: (records) => (lost += records) });
    for (let i = 0; i < 100; i++) spool.append(entry(`entry ${i} ${'x'.repeat(80)}`));
    const left = textsOf(spool.peek(1e9));
    expect(lost).toBeGreaterThan(0);
    expect(left.length + lost).toBe(100);
    expect(left.at(-1)).toContain('entry 99');
    expect(spool.pendingBytes()).toBeLessThan(6200);
    spool.close();
  });

  test('a damaged cursor means sending again, not losing', () => {
    let spool = open();
    spool.append(entry('a'));
    spool.peek(1);
    spool.advance(1);
    spool.close();
    writeFileSync(join(base, 'cursor.json'), '{');
    spool = open();
    expect(textsOf(spool.peek(1))).toEqual(['a']);
    spool.close();
  });
});
