import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Variant } from './variants.ts';

/** Installed by the bench into a folder of its own, so that nothing of ours resolves to them. */
const PACKAGES = {
  '@hono/otel': '1.1.2',
  '@microlabs/otel-cf-workers': '1.0.0-rc.52',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/exporter-trace-otlp-http': '0.223.0',
  '@opentelemetry/sdk-trace-base': '2.12.0',
  // 1.45 no longer has what otel-cf-workers imports.
  '@opentelemetry/semantic-conventions': '1.44.0',
  '@sentry/cloudflare': '11.0.0',
  hono: '4.13.19',
};

const ROUTE = `
const route = (app) => app.get('/products/:id', async (c) => {
  const [product, stock] = await Promise.all([fetch(c.env.ORIGIN + '/product'), fetch(c.env.ORIGIN + '/stock')]);
  return c.json({ id: c.req.param('id'), product: await product.text(), stock: await stock.text() });
});
`;

/** Each as its own documentation sets it up, sampling everything. */
const SOURCES: Readonly<Record<string, string>> = {
  'otel-cf-workers': `
import { instrument } from '@microlabs/otel-cf-workers';
import { Hono } from 'hono';
${ROUTE}
export default instrument(route(new Hono()), (env) => ({
  exporter: { url: env.SINK + '/v1/traces', headers: {} },
  service: { name: 'bench' },
}));
`,
  '@hono/otel on SDK 2': `
import { httpInstrumentationMiddleware } from '@hono/otel';
import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Hono } from 'hono';
${ROUTE}
// The SDK's own is CommonJS that requires async_hooks, which a worker's bundle cannot.
const storage = new AsyncLocalStorage();
const manager = {
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (ctx, fn, self, ...args) => storage.run(ctx, () => fn.apply(self, args)),
  bind: (ctx, fn) => (...args) => storage.run(ctx, () => fn(...args)),
  enable() { return this; },
  disable() { return this; },
};
let provider;
const app = new Hono();
app.use(async (c, next) => {
  if (!provider) {
    const exporter = new OTLPTraceExporter({ url: c.env.SINK + '/v1/traces' });
    provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(manager);
  }
  await next();
  c.executionCtx.waitUntil(provider.forceFlush());
});
app.use(httpInstrumentationMiddleware());
export default route(app);
`,
  '@sentry/cloudflare': `
import * as Sentry from '@sentry/cloudflare';
import { Hono } from 'hono';
${ROUTE}
export default Sentry.withSentry(
  (env) => ({ dsn: env.SINK.replace('://', '://key@') + '/1', tracesSampleRate: 1 }),
  route(new Hono()),
);
`,
};

/** Installs the peers unless they are there, and writes their workers. */
export function installPeers(): Variant[] {
  const folder = fileURLToPath(new URL('../../../.bench/edge-peers', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  if (!existsSync(join(folder, 'node_modules/@sentry/cloudflare'))) {
    console.error('installing peers into .bench/edge-peers');
    const args = ['install', '--no-fund', '--no-audit', '--legacy-peer-deps', '--loglevel=error'];
    const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error('The peers could not be installed.');
  }
  return Object.entries(SOURCES).map(([name, source], i) => {
    const file = join(folder, `peer-${i}.mjs`);
    writeFileSync(file, source);
    return { name, entry: file, flags: ['nodejs_compat'] };
  });
}
