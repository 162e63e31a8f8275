import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { KeyCounts } from '../../edge/collector/ledger/loss-ledger.ts';
import type { StoreStats } from '../../edge/store/trace-store.ts';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, TEST_KEYS, until } from '../support/running-collector.ts';
import { runCollectorWorker } from '../support/running-collector-worker.ts';

test('what an alarm deletes is in the books as expired: stored is what is there and what is gone', async () => {
  const env = { THROUGHLINE_SHARDS: '1', THROUGHLINE_MAX_SIZE: '2MB' };
  const { url, stop } = await runCollectorWorker({ keys: TEST_KEYS, env });
  const get = async <T>(path: string): Promise<T> => (await fetch(url + path)).json() as Promise<T>;
  try {
    for (let i = 0; i < 12; i += 1) {
      // Random, so that it does not get shorter.
      const spans = Array.from({ length: 10 }, () =>
        makeSpan({ attributes: [{ key: 'noise', value: { stringValue: randomBytes(40_000).toString('base64') } }] }),
      );
      const body = JSON.stringify(makePayload({ spans }));
      const answer = await fetch(`${url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body });
      expect(answer.status).toBe(200);
    }
    // Between a deletion and its entry in the books there is a moment.
    const books = await until(async () => {
      const { keys } = await get<{ keys: KeyCounts[] }>('/api/ledger');
      const { stored = 0, expired = 0 } = keys[0] ?? {};
      const { spans, logs } = await get<StoreStats>('/api/stats');
      return expired > 0 && spans + logs + expired === stored ? { stored, spans } : undefined;
    }, 50_000);
    expect(books.stored).toBe(120);
    expect(books.spans).toBeGreaterThan(0);
  } finally {
    await stop();
  }
});
