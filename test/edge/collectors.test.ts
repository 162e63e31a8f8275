import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import type { OtlpPayload } from '../../src/wire/otlp.ts';
import { type Answer, request } from './support/http.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { type Answer as CollectorAnswer, type Sink, startSink } from './support/sink.ts';
import { waitFor } from './support/wait-for.ts';
import { startWorker, type Worker } from './support/workerd.ts';

const REQUESTS = 5;
const accepted = { acknowledged: REQUESTS, rejected: 0, dropped: {} };
const refused = { acknowledged: 0, rejected: 0, dropped: { refused: REQUESTS } };
const says = (status: number, body: string | Buffer, headers: Record<string, string> = {}): CollectorAnswer => {
  return (_, response) => response.writeHead(status, headers).end(body);
};

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('{"partialSuccess":'.repeat(1000)));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

describe('a worker whose collector', () => {
  let sink: Sink;
  let origin: Origin;
  let worker: Worker;
  let usual: Answer;
  let elsewhere: Origin;
  const start = () => startWorker('plain', { bindings: { COLLECTOR: sink.url, KEY: 'sk_secret', ORIGIN: origin.url } });
  const get = (path: string): Promise<Answer> => request(worker.url + path);
  const settled = () =>
    waitFor(async () => {
      const ledger = (await get('/ledger')).json<Ledger>();
      return ledger.pending === 0 && ledger;
    }, 'a settled ledger');
  const asUsual = ({ status, headers: { date: _, ...headers }, body }: Answer) => ({ status, headers, body });

  beforeAll(async () => {
    [sink, origin, elsewhere] = await Promise.all([startSink(), startOrigin(), startOrigin()]);
    worker = await start();
    usual = await get('/items/1');
    await worker.stop();
  });
  // A worker each: a collector that refused is left alone for a while.
  beforeEach(async () => {
    sink.clear();
    worker = await start();
    return () => worker.stop();
  });
  afterAll(() => Promise.all([sink.close(), origin.close(), elsewhere.close()]));

  test.each<{ name: string; answer: CollectorAnswer; counted: Partial<Ledger> }>([
    { name: 'takes all', answer: says(200, '{}'), counted: accepted },
    { name: 'answers nothing at all', answer: says(204, ''), counted: accepted },
    {
      name: 'answers HTML',
      answer: says(200, '<!doctype html><p>Welcome', { 'content-type': 'text/html' }),
      counted: accepted,
    },
    { name: 'answers bytes', answer: says(200, Buffer.alloc(1024 * 1024, 0xff)), counted: accepted },
    { name: 'answers without end', answer: (_, response) => endless(response.writeHead(200)), counted: accepted },
    {
      name: 'names what it refused, and more than it got',
      answer: says(200, '{"partialSuccess":{"rejectedSpans":"99","errorMessage":"no"}}'),
      counted: { acknowledged: 0, rejected: REQUESTS, dropped: {} },
    },
    {
      name: 'refuses less than nothing',
      answer: says(200, '{"partialSuccess":{"rejectedSpans":-3}}'),
      counted: accepted,
    },
    { name: 'does not know the key', answer: says(401, 'who?'), counted: refused },
    { name: 'is no collector', answer: says(404, 'not found'), counted: refused },
    {
      name: 'sends elsewhere, where the key must not go',
      answer: (_, response) => response.writeHead(307, { location: `${elsewhere.url}/v1/traces` }).end(),
      counted: refused,
    },
  ])('$name: answers as usual, and accounts for every span', async ({ answer, counted }) => {
    sink.answer = answer;
    const answers = await Promise.all(Array.from({ length: REQUESTS }, () => get('/items/1')));
    expect(answers.map(asUsual)).toEqual(answers.map(() => asUsual(usual)));
    expect(await settled()).toMatchObject({ produced: REQUESTS, pending: 0, ...counted });
    expect(elsewhere.seen).toEqual([]);
  });

  test('takes its time: the answers do not wait for it', async () => {
    const held: Array<() => void> = [];
    sink.answer = (_, response) => held.push(() => response.writeHead(200).end('{}'));
    expect(asUsual(await get('/items/1'))).toEqual(asUsual(usual));
    await waitFor(() => held.length === 1, 'the export');
    expect(asUsual(await get('/items/1'))).toEqual(asUsual(usual));
    await waitFor(() => held.length === 2, 'the next export, although the first is not answered');
    for (const release of held) release();
    expect(await settled()).toMatchObject({ produced: 2, acknowledged: 2 });
  });
});

test('a collector that is a worker itself is reached by its binding, and no other way', async () => {
  const posts: Array<{ url: string; key: string | null; payload: OtlpPayload }> = [];
  const worker = await startWorker('plain', {
    bindings: { COLLECTOR: 'https://collector.invalid', KEY: 'sk_bound', ORIGIN: 'https://origin.invalid' },
    serviceBindings: {
      COLLECTOR_BINDING: async (incoming: Request) => {
        const key = incoming.headers.get('authorization');
        posts.push({ url: incoming.url, key, payload: (await incoming.json()) as OtlpPayload });
        return Response.json({ partialSuccess: { rejectedSpans: 1 } }) as never;
      },
    },
  });
  try {
    await Promise.all([1, 2, 3].map((id) => request(`${worker.url}/items/${id}`)));
    const ledger = await waitFor(async () => {
      const now = (await request(`${worker.url}/ledger`)).json<Ledger>();
      return now.pending === 0 && now;
    }, 'a settled ledger');
    expect(ledger).toMatchObject({ produced: 3, rejected: posts.length, acknowledged: 3 - posts.length });
    for (const { url, key } of posts)
      expect({ url, key }).toEqual({ url: 'https://collector.invalid/v1/traces', key: 'Bearer sk_bound' });
    const spans = posts.flatMap(({ payload }) => payload.resourceSpans?.[0]?.scopeSpans?.[0]?.spans ?? []);
    expect(spans.map(({ name }) => name)).toEqual(Array(3).fill('GET /items/:id'));
  } finally {
    await worker.stop();
  }
});
