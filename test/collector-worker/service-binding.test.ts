import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../edge/worker/ledger.ts';
import { bundle } from '../edge/support/workerd.ts';
import { SECRET_KEY, TEST_KEYS, until } from '../support/running-collector.ts';

const REQUESTS = 12;

let miniflare: Miniflare;
let url: string;
beforeAll(async () => {
  const common = { modules: true, compatibilityDate: '2026-07-01' };
  miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    workers: [
      {
        ...common,
        name: 'shop',
        script: await bundle('plain'),
        compatibilityFlags: ['nodejs_als'],
        // No host of that name: there is no way but the binding.
        bindings: { COLLECTOR: 'https://collector.invalid', KEY: SECRET_KEY, ORIGIN: 'https://origin.invalid' },
        serviceBindings: { COLLECTOR_BINDING: 'collector' },
      },
      {
        ...common,
        name: 'collector',
        script: readFileSync('dist/collector-worker.js', 'utf8'),
        compatibilityFlags: ['nodejs_compat'],
        bindings: { THROUGHLINE_KEYS: JSON.stringify({ keys: TEST_KEYS }), THROUGHLINE_READ_TOKEN: 'a-read-token' },
        durableObjects: {
          TRACE_SHARDS: { className: 'TraceShard', useSQLite: true },
          LOSS_LEDGER: { className: 'LossLedger', useSQLite: true },
        },
      },
    ],
  });
  url = (await miniflare.ready).origin;
});
afterAll(() => miniflare.dispose());

test('a worker hands its spans to the collector beside it by their binding, and each is stored', async () => {
  const traceIds = Array.from({ length: REQUESTS }, (_, i) => (i + 1).toString(16).padStart(32, '0'));
  await Promise.all(
    traceIds.map(async (traceId) => {
      const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
      expect((await fetch(`${url}/items/7`, { headers })).status).toBe(200);
    }),
  );
  const ledger = await until(async () => {
    const now = (await (await fetch(`${url}/ledger`)).json()) as Ledger;
    return now.pending === 0 && now.produced > 0 ? now : undefined;
  });
  expect(ledger).toMatchObject({ produced: REQUESTS, acknowledged: REQUESTS, rejected: 0, dropped: {} });
  // Its declared type has no way to call it.
  const collector = (await miniflare.getWorker('collector')) as unknown as { fetch: typeof fetch };
  for (const traceId of traceIds) {
    const headers = { authorization: 'Bearer a-read-token' };
    const answer = await collector.fetch(`http://collector/api/traces/${traceId}`, { headers });
    const { spans } = (await answer.json()) as { spans: object[] };
    expect(spans).toMatchObject([{ name: 'GET /items/:id', parentSpanId: 'b7ad6b7169203331' }]);
  }
});
