import { createServer, type Server, request as send } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { close, listen, type Sink, startSink } from './support/sink.ts';
import { startWorker, type Worker } from './support/workerd.ts';

const NAVIGATION = { 'sec-fetch-mode': 'navigate', accept: 'text/html' };
const PAGE = `<html><head><title>x</title></head><body>${'y'.repeat(5000)}</body></html>`;
const INJECTED = PAGE.replace('</head>', '<script src="/t.js" crossorigin async></script></head>');

let sink: Sink;
let origin: Server;
let worker: Worker;
/** Sends the rest of a page that was begun. */
let finish: () => void = () => {};

beforeAll(async () => {
  sink = await startSink();
  origin = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (request.url === '/gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(PAGE));
    else if (request.url === '/halves') {
      response.write(PAGE.slice(0, 3000));
      finish = () => response.end(PAGE.slice(3000));
    } else response.writeHead(200, { 'content-length': PAGE.length }).end(PAGE);
  });
  worker = await startWorker('html', { bindings: { COLLECTOR: sink.url, ORIGIN: await listen(origin) } });
});
afterAll(() => Promise.all([worker.stop(), sink.close(), close(origin)]));

/** Answers with the bytes as they came; `onBytes` is told how many there are so far. */
function get(path: string, headers: Record<string, string>, onBytes: (count: number) => void = () => {}) {
  return new Promise<{ encoding: string | undefined; bytes: Buffer }>((resolve, reject) => {
    const outgoing = send(worker.url + path, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        onBytes(Buffer.concat(chunks).length);
      });
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test('a page of a known length gets the tag, and none of its bytes is lost', async () => {
  expect((await get('/plain', NAVIGATION)).bytes.toString()).toBe(INJECTED);
});

test('a compressed page stays compressed, with the tag in it', async () => {
  const { encoding, bytes } = await get('/gzip', { ...NAVIGATION, 'accept-encoding': 'gzip' });
  expect(encoding).toBe('gzip');
  expect(gunzipSync(bytes).toString()).toBe(INJECTED);
});

test('what is no navigation keeps its bytes, compressed as they were', async () => {
  const { encoding, bytes } = await get('/gzip', { 'sec-fetch-mode': 'cors', 'accept-encoding': 'gzip' });
  expect(encoding).toBe('gzip');
  expect(bytes).toEqual(gzipSync(PAGE));
});

test('the first half of a page is there before the second is made', async () => {
  let isBegun = false;
  const { bytes } = await get('/halves', NAVIGATION, (count) => {
    if (isBegun || count < 2000) return;
    isBegun = true;
    finish();
  });
  expect(isBegun).toBe(true);
  expect(bytes.toString()).toBe(INJECTED);
});
