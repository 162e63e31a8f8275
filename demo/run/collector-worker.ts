import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { bindingsFrom, readWranglerConfig } from './wrangler-config.ts';

// Runs the collector that would be deployed to Cloudflare in workerd, as its wrangler.jsonc describes it, with its objects
// kept in the folder DATA. A process of its own, because Miniflare ends its process on a signal.

/** What we use of wrangler's configuration. */
interface WranglerConfig {
  name: string;
  main: string;
  compatibility_date: string;
  compatibility_flags: string[];
  durable_objects: { bindings: Array<{ name: string; class_name: string }> };
  vars: Record<string, string>;
}

const OTHER_BINDINGS = [
  'THROUGHLINE_KEY',
  'THROUGHLINE_SECRET_KEY',
  'THROUGHLINE_KEYS',
  'THROUGHLINE_READ_TOKEN',
  'THROUGHLINE_LOCAL',
];

const file = fileURLToPath(new URL('../../edge/collector-worker/wrangler.jsonc', import.meta.url));
const config = readWranglerConfig<WranglerConfig>(file);

const miniflare = new Miniflare({
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 4318),
  handleStructuredLogs: ({ level, message }: { level: string; message: string }) => console.log(`${level}: ${message}`),
  modules: true,
  name: config.name,
  scriptPath: resolve(dirname(file), config.main),
  compatibilityDate: config.compatibility_date,
  compatibilityFlags: config.compatibility_flags,
  bindings: { ...config.vars, ...bindingsFrom(process.env, [...Object.keys(config.vars), ...OTHER_BINDINGS]) },
  durableObjects: Object.fromEntries(
    config.durable_objects.bindings.map(({ name, class_name }) => [name, { className: class_name, useSQLite: true }]),
  ),
  durableObjectsPersist: resolve(process.env.DATA ?? 'throughline-data-cloudflare'),
});
const { origin } = await miniflare.ready;
console.log(`Throughline is listening on ${origin}`);
