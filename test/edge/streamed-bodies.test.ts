import { createServer, type Server, type ServerResponse, request as send } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { close, listen, type Sink, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

let sink: Sink;
let origin: Server;
let worker: Worker;
const gates: ServerResponse[] = [];

beforeAll(async () => {
  sink = await startSink();
  origin = createServer((_, response) => gates.push(response));
  worker = await startWorker('streams', { bindings: { COLLECTOR: sink.url, ORIGIN: await listen(origin) } });
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
        waitFor(() => gates.pop(), 'the worker at the gate').then((gate) => gate.end('open'), reject);
      });
      response.on('end', () => resolve({ early, whole, headers: response.headers }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test.each(['/json', '/lines', '/bytes', '/pipe'])('a body made while it is sent is not held back: %s', async (path) => {
  const { early, whole, headers } = await get(path);
  expect(early).toBe('[{"a":1},');
  expect(whole).toBe('[{"a":1},{"b":2}]');
  expect(headers).not.toHaveProperty('content-length');
  const server = await sink.find((spans) => spans.find(({ kind }) => kind === 2), 'the server span');
  expect(server.attrs).toMatchObject({ 'url.path': path, 'http.response.status_code': 200 });
});

test.each(['/lines', '/pipe'])('its span lasts until the last byte, and tells the first: %s', async (path) => {
  await get(path);
  const [server, gate] = await sink.find((spans) => {
    const both = [2, 3].map((kind) => spans.find((span) => span.kind === kind));
    return both.every((span) => span !== undefined) && both;
  }, 'both spans');
  expect(gate?.parentSpanId).toBe(server?.spanId);
  expect(BigInt(server?.endTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(BigInt(gate?.endTimeUnixNano ?? 0));
  expect(server?.events?.map(({ name }) => name)).toEqual(['throughline.response.first_byte']);
  expect(BigInt(server?.events?.[0]?.timeUnixNano ?? 0)).toBeLessThan(BigInt(gate?.endTimeUnixNano ?? 0));
});
