import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { bindingsFrom, readWranglerConfig } from './wrangler-config.ts';

// Runs the bundle that would be deployed in workerd, as wrangler.jsonc describes it. Bindings named like its `vars` come from
// the environment, and so does PORT. A process of its own, because Miniflare ends its process on a signal.

/** What we use of wrangler's configuration. */
interface WranglerConfig {
  name: string;
  main: string;
  compatibility_date: string;
  compatibility_flags: string[];
  assets: { directory: string };
  queues: {
    producers: Array<{ binding: string; queue: string }>;
    consumers: Array<{ queue: string; max_batch_timeout: number }>;
  };
  vars: Record<string, string>;
}

const SECRETS = ['THROUGHLINE_SECRET_KEY'];

const file = fileURLToPath(new URL('../edge/wrangler.jsonc', import.meta.url));
const config = readWranglerConfig<WranglerConfig>(file);
const names = [...Object.keys(config.vars), ...SECRETS];

const miniflare = new Miniflare({
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 8787),
  handleStructuredLogs: ({ level, message }: { level: string; message: string }) => console.log(`${level}: ${message}`),
  modules: true,
  name: config.name,
  scriptPath: resolve(dirname(file), config.main),
  compatibilityDate: config.compatibility_date,
  compatibilityFlags: config.compatibility_flags,
  bindings: { ...config.vars, ...bindingsFrom(process.env, names) },
  assets: {
    directory: resolve(dirname(file), config.assets.directory),
    routerConfig: { has_user_worker: true },
  },
  queueProducers: Object.fromEntries(config.queues.producers.map(({ binding, queue }) => [binding, queue])),
  queueConsumers: Object.fromEntries(
    config.queues.consumers.map(({ queue, max_batch_timeout }) => [queue, { maxBatchTimeout: max_batch_timeout }]),
  ),
});
const { origin } = await miniflare.ready;
console.log(`The shop is listening on ${origin}`);
