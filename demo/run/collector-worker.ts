import { resolve } from 'node:path';
import { startWorker, type WranglerConfig } from './start-worker.ts';

// Runs the collector that would be deployed to Cloudflare, with its objects kept in the folder DATA.

interface CollectorConfig extends WranglerConfig {
  durable_objects: { bindings: Array<{ name: string; class_name: string }> };
}

await startWorker<CollectorConfig>({
  file: '../../edge/collector-worker/wrangler.jsonc',
  title: 'Throughline',
  port: Number(process.env.PORT ?? 4318),
  secrets: [
    'THROUGHLINE_KEY',
    'THROUGHLINE_SECRET_KEY',
    'THROUGHLINE_KEYS',
    'THROUGHLINE_READ_TOKEN',
    'THROUGHLINE_LOCAL',
  ],
  options: ({ durable_objects: { bindings } }) => ({
    durableObjects: Object.fromEntries(
      bindings.map(({ name, class_name }) => [name, { className: class_name, useSQLite: true }]),
    ),
    durableObjectsPersist: resolve(process.env.DATA ?? 'throughline-data-cloudflare'),
  }),
});
