import { createServer, type IncomingMessage, type Server, type ServerResponse, request as send } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { close, listen, type Sink, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

let sink: Sink;
let origin: Server;
let worker: Worker;
const gates: ServerResponse[] = [];
/** Kinds of endless bodies whose source was told to stop. */
const stopped = new Set<string>();

function endless(response: ServerResponse): void {
  const timer = setInterval(() => response.write('on and on '), 20);
  response.once('close', () => {
    clearInterval(timer);
    stopped.add('fetched');
  });
}

beforeAll(async () => {
  sink = await startSink();
  origin = createServer(({ url }, response) => {
    const [, what, argument] = (url ?? '').split('/');
    if (what === 'endless') return endless(response);
    if (what === 'stopped') return response.end(String(stopped.add(argument ?? '').size));
    gates.push(response);
    if (what === 'halves') response.write('[{"a":1},');
  });
  worker = await startWorker('streams', {
    bindings: { COLLECTOR: sink.url, ORIGIN: await listen(origin) },
  });
});
afterEach(() => {
  gates.length = 0;
  sink.clear();
});
afterAll(() => Promise.all([worker.stop(), sink.close(), close(origin)]));

interface Streamed {
  /** What came before the second half was allowed. */
  early: string;
  whole: string;
  headers: Record<string, unknown>;
}

function get(path: string): Promise<Streamed> {
  return new Promise((resolve, reject) => {
    const outgoing = send(worker.url + path, (response) => {
      let whole = '';
      let early = '';
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        whole += chunk.toString();
        if (early) return;
        early = whole;
        waitFor(() => gates.pop(), 'the worker at the gate').then((gate) => gate.end('{"b":2}]'), reject);
      });
      response.on('end', () => resolve({ early, whole, headers: response.headers }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

const PATHS = ['/json', '/lines', '/bytes', '/pipe', '/identity', '/fetched'];

test.each(PATHS)('a body made while it is sent is not held back: %s', async (path) => {
  const { early, whole, headers } = await get(path);
  expect(early).toBe('[{"a":1},');
  expect(whole).toBe('[{"a":1},{"b":2}]');
  expect(headers).not.toHaveProperty('content-length');
  const server = await sink.find((spans) => spans.find(({ kind }) => kind === 2), 'the server span');
  expect(server.attrs).toMatchObject({ 'url.path': path, 'http.response.status_code': 200 });
});

test.each(PATHS)('its span lasts until the last byte, and tells the first: %s', async (path) => {
  await get(path);
  const [server, gate] = await sink.find((spans) => {
    const both = [2, 3].map((kind) => spans.find((span) => span.kind === kind));
    return both.every((span) => span !== undefined) && both;
  }, 'both spans');
  expect(gate?.parentSpanId).toBe(server?.spanId);
  expect(BigInt(server?.endTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(BigInt(gate?.endTimeUnixNano ?? 0));
  expect(server?.events?.map(({ name }) => name)).toEqual(['throughline.response.first_byte']);
  // The span of a fetch ends with its headers.
  const later = path === '/fetched' ? server : gate;
  expect(BigInt(server?.events?.[0]?.timeUnixNano ?? 0)).toBeLessThan(BigInt(later?.endTimeUnixNano ?? 0));
});

test.each(['default', 'bytes', 'fetched'])(
  'a client that leaves ends the span, and what made the body: %s',
  async (type) => {
    const { response, leave } = await begin(`/endless/${type}`);
    expect(response.statusCode).toBe(200);
    expect(sink.spans().filter(({ kind }) => kind === 2)).toEqual([]);
    leave();
    const server = await sink.find((spans) => spans.find(({ kind }) => kind === 2), 'the server span');
    expect(server.attrs).toMatchObject({ 'url.path': `/endless/${type}` });
    expect(server.status).toBeUndefined();
    await waitFor(() => stopped.has(type), 'the end of the source');
  },
);

/** A request that was answered in part. */
function begin(path: string): Promise<{ response: IncomingMessage; leave(): void }> {
  return new Promise((resolve, reject) => {
    const outgoing = send(worker.url + path, (response) => {
      response.on('error', () => 'expected: it is ours to leave');
      response.once('data', () => resolve({ response, leave: () => void outgoing.destroy() }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
