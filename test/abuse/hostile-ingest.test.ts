import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeJson } from '../../edge/otlp/decode-json.ts';
import { encodeTracesProtobuf } from '../../edge/otlp/encode-protobuf.ts';
import type { TraceView } from '../../edge/trace/trace-view.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import { createRandom } from '../support/page-views.ts';
import { type CollectorProcess, SECRET_KEY, spawnCollector, until } from '../support/running-collector.ts';
import { INVALID_JSON, VALID_JSON } from './json-texts.ts';

/** What one case may add to the most memory the process ever held, and all of them together (the heap grows by use). */
const MAX_CASE_BYTES = 64 * 1024 * 1024;
const MAX_GROWTH_BYTES = 256 * 1024 * 1024;

// A key a test, so that what one used up of its rate is no matter to the next.
const KEYS = 200;
const keyOf = (number: number) => `pk_abuse_${number}`;
let keyNumber = 0;
let peakBeforeBytes = 0;
beforeEach(() => {
  keyNumber += 1;
  peakBeforeBytes = peakBytes();
});
afterEach(() => expect(peakBytes() - peakBeforeBytes).toBeLessThan(MAX_CASE_BYTES));

let collector: CollectorProcess;
let data: string;
let baselineBytes = 0;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'throughline-abuse-'));
  const keys = Array.from({ length: KEYS }, (_, number) => ({ id: `k${number}`, key: keyOf(number), kind: 'public' }));
  writeFileSync(join(data, 'keys.json'), JSON.stringify({ keys }));
  collector = await spawnCollector({ data, args: ['--secret-key', SECRET_KEY] });
  // The code runs in and the heap takes its size before anything is measured.
  for (let i = 0; i < 200; i++) await page(JSON.stringify(makePayload({ spans: [makeSpan()] })));
  baselineBytes = peakBytes();
});
afterAll(async () => {
  expect(collector.process.exitCode).toBeNull();
  await collector.kill('SIGTERM');
  rmSync(data, { recursive: true, force: true });
});

const page = (body: BodyInit, query = '') =>
  fetch(`${collector.url}/otlp?k=${keyOf(keyNumber)}${query}`, { method: 'POST', body });
const sdk = (body: BodyInit, headers: Record<string, string>) =>
  fetch(`${collector.url}/v1/traces`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${SECRET_KEY}`, ...headers },
  });
const errorOf = async (response: Response) => ((await response.json()) as { error: string }).error;

/** The most memory the process ever held. */
function peakBytes(): number {
  const status = readFileSync(`/proc/${collector.process.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

async function stillServes(): Promise<void> {
  const span = makeSpan();
  const response = await page(JSON.stringify(makePayload({ spans: [span] })));
  expect([response.status, await response.text()]).toEqual([200, '{}']);
  const view = (await (await fetch(`${collector.url}/api/traces/${span.traceId}`)).json()) as TraceView;
  expect(view.spans).toHaveLength(1);
}

describe('compression', () => {
  const small = JSON.stringify(makePayload({ spans: [makeSpan()] }));
  const whole = gzipSync(small);
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  const bomb = gzipSync(zeros, { level: 9 });
  const cases: Array<[string, Buffer, number]> = [
    ['64 MiB of zeros in 64 kB', bomb, 413],
    ['a bomb in a bomb', gzipSync(bomb), 400],
    ['sixteen bombs in a row', Buffer.concat(Array.from({ length: 15 }, () => bomb)), 413],
    ['a body of exactly one byte too much', gzipSync(Buffer.alloc(1024 * 1024 + 1, 0x20)), 413],
    ['a body of exactly the limit', gzipSync(`${small}${' '.repeat(1024 * 1024 - Buffer.byteLength(small))}`), 200],
    ['two members of one body', Buffer.concat([gzipSync(small.slice(0, 50)), gzipSync(small.slice(50))]), 200],
    ['bytes behind the end', Buffer.concat([whole, Buffer.from('garbage')]), 400],
    ['no end', whole.subarray(0, -8), 400],
    ['a wrong checksum', Buffer.concat([whole.subarray(0, -8), Buffer.alloc(4, 1), whole.subarray(-4)]), 400],
    ['a header alone', whole.subarray(0, 10), 400],
    ['two bytes', whole.subarray(0, 2), 400],
    ['brotli', brotliCompressSync(zeros), 400],
    ['deflate', deflateSync(zeros), 400],
    ['zstd', zstdCompressSync(zeros), 400],
  ];
  test.each(cases)('%s', async (_, body, status) => {
    const response = await page(new Blob([new Uint8Array(body)]));
    expect(response.status).toBe(status);
    await response.text();
  });

  test('a hundred bombs at once cost no more than one after the other', async () => {
    const responses = await Promise.all(
      Array.from({ length: 100 }, () => page(new Blob([new Uint8Array(bomb)]), '&z=gz')),
    );
    expect(responses.filter(({ status }) => status !== 413 && status !== 429)).toEqual([]);
    expect(peakBytes() - baselineBytes).toBeLessThan(MAX_GROWTH_BYTES);
  });
});

describe('JSON', () => {
  test('every text that is none is 400 with a sentence, every one that is JSON is not', async () => {
    for (const text of INVALID_JSON) {
      const response = await page(text);
      expect([text, response.status]).toEqual([text, 400]);
      expect(await errorOf(response)).toMatch(/not JSON|JSON object/);
    }
    for (const text of VALID_JSON) {
      const response = await page(text);
      expect([text.slice(0, 60), response.status]).toEqual([text.slice(0, 60), 400]);
      expect(await errorOf(response)).toMatch(/neither resourceSpans nor resourceLogs/);
    }
  });

  test('every text that is JSON may stand where nobody looks', async () => {
    for (const text of VALID_JSON) {
      const span = makeSpan();
      const body = JSON.stringify(makePayload({ spans: [span] })).replace('"name"', `"unknown":${text.trim()},"name"`);
      const response = await page(body);
      expect([text.slice(0, 60), response.status, await response.text()]).toEqual([text.slice(0, 60), 200, '{}']);
    }
  });

  const cases: Array<[string, string, number]> = [
    ['a million open brackets', '['.repeat(1_000_000), 400],
    ['a million open objects', '{"a":'.repeat(200_000), 400],
    ['nesting that looks closed', `${'['.repeat(500_000)}${']'.repeat(500_000)}`, 400],
    ['300,000 empty lists', `{"resourceSpans":[{"scopeSpans":[{"spans":[${'[],'.repeat(299_999)}[]]}]}]}`, 200],
    ['a key of a megabyte', `{"${'k'.repeat(1_000_000)}":1}`, 400],
    ['quotes that never close', `{"a":"${'\\"'.repeat(500_000)}`, 400],
    ['a number of a megabyte', `{"a":${'9'.repeat(1_000_000)}}`, 400],
    ['bytes that are no UTF-8', '', 200],
  ];
  test.each(cases)('%s', async (name, text, status) => {
    const invalidUtf8 = Buffer.from(
      JSON.stringify(makePayload({ spans: [makeSpan({ name: 'NAME' })] })).replace('NAME', '\x80\xff'),
      'latin1',
    );
    const body = name.includes('UTF-8') ? new Blob([new Uint8Array(invalidUtf8)]) : text;
    expect((await page(body)).status).toBe(status);
  });

  test('100,000 bad spans are counted, not stored, and quick', async () => {
    const startedMs = performance.now();
    const response = await page(`{"resourceSpans":[{"scopeSpans":[{"spans":[${'{},'.repeat(99_999)}{}]}]}]}`);
    const { partialSuccess } = (await response.json()) as {
      partialSuccess: { rejectedSpans: string; errorMessage: string };
    };
    expect(partialSuccess.rejectedSpans).toBe('100000');
    expect(partialSuccess.errorMessage).toMatch(/10000 invalid_id .*90000 too_many/);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

describe('keys and values', () => {
  test('names of Object.prototype are names like any other, from the body to the answer', async () => {
    const names = [
      '__proto__',
      'constructor',
      'prototype',
      'hasOwnProperty',
      'toString',
      'valueOf',
      '',
      '\u0000',
      '\u202e',
      '<script>',
    ];
    const span = makeSpan({
      name: '__proto__',
      attributes: names.map((key) => ({ key, value: { stringValue: key } })),
      events: [
        {
          timeUnixNano: '1',
          name: 'constructor',
          attributes: [{ key: '__proto__', value: { kvlistValue: { values: [] } } }],
        },
      ],
    });
    const log = makeLog({
      traceId: span.traceId,
      eventName: '__proto__',
      body: { kvlistValue: { values: [{ key: '__proto__', value: {} }] } },
    });
    const body = makePayload({ spans: [span], logs: [log] }, { service: '__proto__', resource: { constructor: 'x' } });
    expect(await (await page(JSON.stringify(body))).text()).toBe('{}');
    const view = (await (await fetch(`${collector.url}/api/traces/${span.traceId}`)).json()) as TraceView;
    expect(
      Object.entries(view.spans[0]?.attributes ?? {})
        .map(([key]) => key)
        .sort(),
    ).toEqual([...names].sort());
    expect(view.spans[0]?.service).toBe('__proto__');
    for (const path of [
      '/api/traces?service=__proto__',
      '/jaeger/api/services',
      `/zipkin/api/v2/trace/${span.traceId}`,
      '/tempo/api/search?q={}',
    ])
      expect([path, (await fetch(collector.url + path)).status]).toEqual([path, 200]);
    await stillServes();
  });

  const good = makeSpan();
  const numbers: Array<[object, 'kept' | 'rejected']> = [
    [{ startTimeUnixNano: 'NaN' }, 'rejected'],
    [{ startTimeUnixNano: null }, 'rejected'],
    [{ startTimeUnixNano: 'Infinity' }, 'rejected'],
    [{ startTimeUnixNano: -1 }, 'rejected'],
    [{ startTimeUnixNano: '-0' }, 'rejected'],
    [{ startTimeUnixNano: 1.5 }, 'rejected'],
    [{ startTimeUnixNano: '18446744073709551616' }, 'rejected'],
    [{ endTimeUnixNano: '18446744073709551615' }, 'kept'],
    [{ startTimeUnixNano: '18446744073709551615', endTimeUnixNano: '18446744073709551615' }, 'rejected'],
    [{ endTimeUnixNano: '1' }, 'rejected'],
    [{ startTimeUnixNano: '1' }, 'kept'],
    [{ kind: -1 }, 'rejected'],
    [{ kind: 1e9 }, 'kept'],
    [{ kind: 2.5 }, 'rejected'],
    [{ flags: 4294967296 }, 'rejected'],
    [{ droppedAttributesCount: -5 }, 'rejected'],
    [{ droppedLinksCount: 4294967295 }, 'kept'],
    [{ status: { code: 99 } }, 'kept'],
    [{ attributes: [{ key: 'n', value: { intValue: '9223372036854775808' } }] }, 'rejected'],
    [{ attributes: [{ key: 'n', value: { intValue: '-9223372036854775808' } }] }, 'kept'],
    [{ attributes: [{ key: 'n', value: { doubleValue: 'NaN' } }] }, 'kept'],
    [{ attributes: [{ key: 'n', value: { doubleValue: null } }] }, 'kept'],
    [{ attributes: [{ key: 'n', value: { doubleValue: '1e999' } }] }, 'kept'],
    [{ attributes: [{ key: 'n', value: { intValue: '1e3' } }] }, 'rejected'],
  ];
  test.each(numbers)('%j is %s', async (fields, outcome) => {
    const span = { ...good, ...makeSpan(), ...fields };
    const response = await page(JSON.stringify(makePayload({ spans: [span] })));
    expect(response.status).toBe(200);
    const answer = await response.text();
    expect(answer === '{}' ? 'kept' : 'rejected').toBe(outcome);
    // Whatever was kept can be read again by everybody.
    for (const path of [
      '/api/traces/',
      '/jaeger/api/traces/',
      '/jaeger/api/v3/traces/',
      '/tempo/api/traces/',
      '/zipkin/api/v2/trace/',
    ])
      expect((await fetch(collector.url + path + span.traceId)).status).toBe(outcome === 'kept' ? 200 : 404);
  });
});

describe('protobuf', () => {
  const PROTOBUF = { 'content-type': 'application/x-protobuf' };
  test('two thousand mutations and random bodies are read or refused, never a 5xx', async () => {
    const random = createRandom(20261122);
    const spans = decodeJson(
      JSON.stringify(
        makePayload({
          spans: Array.from({ length: 5 }, () =>
            makeSpan({ attributes: [{ key: 'a', value: { arrayValue: { values: [{ intValue: '5' }] } } }] }),
          ),
        }),
      ),
    ).spans;
    const sample = encodeTracesProtobuf(spans);
    const statuses = new Map<number, number>();
    for (let i = 0; i < 2000; i++) {
      const bytes =
        i % 4 === 0
          ? Uint8Array.from({ length: Math.floor(random() * 400) }, () => random() * 256)
          : sample.slice(0, i % 4 === 1 ? Math.floor(random() * sample.length) : sample.length);
      if (i % 4 > 1)
        for (let edit = 0; edit < 1 + (i % 7); edit++) bytes[Math.floor(random() * bytes.length)] = random() * 256;
      const { status } = await sdk(bytes as Uint8Array<ArrayBuffer>, PROTOBUF);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses.keys()].filter((status) => status !== 200 && status !== 400)).toEqual([]);
    expect(statuses.get(200)).toBeGreaterThan(100);
    expect(statuses.get(400)).toBeGreaterThan(100);
  });

  const nested = (depth: number, field: number) => {
    let bytes = Buffer.alloc(0);
    for (let i = 0; i < depth && bytes.length < 900_000; i++) {
      const length: number[] = [];
      for (let rest = bytes.length; ; rest >>>= 7) {
        length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
        if (rest <= 0x7f) break;
      }
      bytes = Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), bytes]);
    }
    return bytes;
  };
  test.each([
    ['lists in lists, a thousand deep', nested(1000, 5)],
    ['field one in field one', nested(1000, 1)],
    ['a length of 4 GiB', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a length of 2^63', Buffer.from([0x0a, ...new Array(9).fill(0xff), 0x01])],
    ['an endless number', Buffer.alloc(1000, 0xff)],
    ['a megabyte of empty groups', Buffer.alloc(1_000_000, Buffer.from([0x0a, 0x00]))],
    ['a megabyte of groups of the old kind', Buffer.alloc(1_000_000, 0x0b)],
    [
      'a million empty spans',
      Buffer.concat([
        Buffer.from([0x0a, 0x83, 0x89, 0x7a, 0x12, 0xff, 0x88, 0x7a]),
        Buffer.alloc(2_000_000, Buffer.from([0x12, 0x00])),
      ]).subarray(0, 2_000_008),
    ],
  ])('%s', async (_, body) => {
    const startedMs = performance.now();
    const { status } = await sdk(new Uint8Array(body), PROTOBUF);
    expect([200, 400]).toContain(status);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await stillServes();
  });
});

describe('connections', () => {
  const open = (text: string): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const { port, hostname } = new URL(collector.url);
      const socket = connect(Number(port), hostname, () => {
        socket.write(text);
        resolve(socket);
      });
      socket.on('error', reject);
    });

  test('three hundred senders that never finish keep nobody else waiting, and are hung up on', async () => {
    const head = `POST /otlp?k=${keyOf(keyNumber)} HTTP/1.1\r\nHost: localhost\r\n`;
    const slow = await Promise.all(
      Array.from({ length: 300 }, (_, i) => open(i % 2 === 0 ? head : `${head}Content-Length: 5000\r\n\r\n{"resource`)),
    );
    const closed = slow.map((socket) => new Promise<void>((resolve) => socket.on('close', () => resolve())));
    for (const socket of slow) socket.resume();
    const startedMs = performance.now();
    for (let i = 0; i < 20; i++) await stillServes();
    expect(performance.now() - startedMs).toBeLessThan(20_000);
    await Promise.all(closed);
    await stillServes();
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a header of a megabyte', `GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(1_000_000)}\r\n\r\n`],
    [
      'two lengths',
      `POST /otlp?k=${keyOf(keyNumber)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}`,
    ],
    [
      'a length and chunks',
      `POST /otlp?k=${keyOf(keyNumber)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a chunk that lies',
      `POST /otlp?k=${keyOf(keyNumber)} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}`,
    ],
    [
      'a path out of the tree',
      'GET /assets/../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    ],
    [
      'a whole address',
      'GET http://evil.example/api/traces HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    ],
  ])('%s is refused and the next one is served', async (_, text) => {
    const socket = await open(text);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    await until(() => (socket.readyState === 'closed' || socket.readableEnded ? true : undefined), 45_000);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d |^$/);
    await stillServes();
  });
});

test('after all of it the process holds little more than before, and counted everything', async () => {
  expect(peakBytes() - baselineBytes).toBeLessThan(MAX_GROWTH_BYTES);
  const { ingest } = (await (await fetch(`${collector.url}/api/stats`)).json()) as { ingest: Record<string, number> };
  const rejected = Object.values(ingest.rejected as unknown as Record<string, number>).reduce(
    (sum, count) => sum + count,
    0,
  );
  const kept = ['storedSpans', 'storedLogs', 'duplicateSpans', 'duplicateLogs'].reduce(
    (sum, name) => sum + (ingest[name] ?? 0),
    0,
  );
  expect((ingest.receivedSpans ?? 0) + (ingest.receivedLogs ?? 0)).toBe(kept + rejected);
});
