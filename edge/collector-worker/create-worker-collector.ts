import { type Collector, createCollector } from '../collector/create-collector.ts';
import { createKeyRing } from '../collector/key-ring.ts';
import { openDurableObjectStore } from '../store/durable-object/open-durable-object-store.ts';
import { embeddedAssets } from './embedded-assets.ts';
import { createPollingFeed } from './polling-feed.ts';
import { createRemoteLedger, type RemoteLedger } from './remote-ledger.ts';
import { report } from './report.ts';
import { type CollectorEnv, ingestKeys, shardCounts, shardSettings } from './settings.ts';

export interface WorkerCollector {
  app: Collector['app'];
  ledger: RemoteLedger;
}

/**
 * The collector of one isolate, from its bindings.
 * @throws {InvalidSettingError}
 */
export function createWorkerCollector(env: CollectorEnv): WorkerCollector {
  // Read here as well, so that a bad value is told at the first request and not by an object at its alarm.
  shardSettings(env);
  const store = openDurableObjectStore({ namespace: env.TRACE_SHARDS, shards: shardCounts(env) });
  const ledger = createRemoteLedger(env.LOSS_LEDGER, report);
  const isLocal = env.THROUGHLINE_LOCAL === '1';
  const { app } = createCollector({
    store,
    ledger,
    keys: createKeyRing(ingestKeys(env)),
    assets: embeddedAssets(),
    live: createPollingFeed(async () => (await store.stats()).version),
    // Cloudflare is the proxy, and its own header names the client.
    behindProxy: !isLocal,
    acceptLocal: isLocal,
    clientAddress: (request) => request.headers.get('cf-connecting-ip') ?? undefined,
    scrub: env.THROUGHLINE_SCRUB !== 'off',
    report,
    ...(env.THROUGHLINE_READ_TOKEN && { readToken: env.THROUGHLINE_READ_TOKEN }),
  });
  return { app, ledger };
}
