import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type StoreHost, startStoreHost } from '../support/durable-object/store-host.ts';
import { describeTraceStore } from './trace-store.ts';

let host: StoreHost;
beforeAll(async () => {
  host = await startStoreHost();
});
afterAll(() => host.stop());

const SHARDS = 3;

describeTraceStore('Durable Objects', async () => {
  const place = randomUUID();
  return {
    open: ({ maxBytes, ...settings } = {}) =>
      host.open({
        place,
        shards: [SHARDS],
        settings: maxBytes === undefined ? settings : { ...settings, maxBytes: maxBytes / SHARDS },
      }),
    dispose: async () => undefined,
  };
});
