import { resolve } from 'node:path';
import { startWorker, type WranglerConfig } from './start-worker.ts';

// Runs the shop's Worker. Its `vars` come from the environment where that has them, and so does PORT.

interface ShopConfig extends WranglerConfig {
  assets: { directory: string };
  queues: {
    producers: Array<{ binding: string; queue: string }>;
    consumers: Array<{ queue: string; max_batch_timeout: number }>;
  };
}

await startWorker<ShopConfig>({
  file: '../edge/wrangler.jsonc',
  title: 'The shop',
  port: Number(process.env.PORT ?? 8787),
  secrets: ['THROUGHLINE_SECRET_KEY'],
  options: ({ assets, queues: { producers, consumers } }, folder) => ({
    assets: { directory: resolve(folder, assets.directory), routerConfig: { has_user_worker: true } },
    queueProducers: Object.fromEntries(producers.map(({ binding, queue }) => [binding, queue])),
    queueConsumers: Object.fromEntries(
      consumers.map(({ queue, max_batch_timeout }) => [queue, { maxBatchTimeout: max_batch_timeout }]),
    ),
  }),
});
