import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { type Body, createBodies } from './store-bodies.ts';

// The sender of `bench:store`, on a core of its own: posts what it is told to and answers how long each took.
// One line in: {"perSecond": 0 for as fast as possible, "searches": loops that search meanwhile}. One line out: times in ms.
const [url = '', format, views, seed] = process.argv.slice(2);
const CONNECTIONS = 32;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS + 4 });
const bodies = createBodies(format as 'json' | 'protobuf', Number(views), Number(seed));
process.stdout.write('ready\n');

for await (const line of createInterface({ input: process.stdin })) {
  const { perSecond, searches } = JSON.parse(line) as { perSecond: number; searches: number };
  let isDone = false;
  const searching = Array.from({ length: searches }, async () => {
    while (!isDone) await send('GET', '/api/traces?limit=50&minDurationMs=700');
  });
  const times = perSecond > 0 ? await atRate(perSecond) : await atFullSpeed();
  isDone = true;
  await Promise.all(searching);
  process.stdout.write(`${JSON.stringify(times)}\n`);
}

async function atFullSpeed(): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  const connection = async (): Promise<void> => {
    for (let body = bodies[next++]; body; body = bodies[next++]) times.push(await post(body));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return times;
}

/** Requests start when they are due, whether or not those before were answered: waiting in line counts. */
async function atRate(perSecond: number): Promise<number[]> {
  const startedMs = performance.now();
  return Promise.all(
    bodies.map(async (body, i) => {
      const dueMs = startedMs + (i * 1000) / perSecond;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      await post(body);
      return performance.now() - dueMs;
    }),
  );
}

async function post({ kind, bytes }: Body): Promise<number> {
  const startedMs = performance.now();
  const type = kind === 'json' ? 'application/json' : 'application/x-protobuf';
  await send('POST', kind === 'logs' ? '/v1/logs' : '/v1/traces', bytes, type);
  return performance.now() - startedMs;
}

function send(method: string, path: string, body?: Buffer, type?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = body && type ? { 'content-type': type, 'content-length': body.length } : {};
    const sent = request(`${url}${path}`, { method, agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${method} ${path} was answered with ${response.statusCode}.`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
