import { serve } from '@hono/node-server';
import { createBackendApp } from './app.ts';
import { openDatabase } from './database.ts';
import { createShopStore } from './shop-store.ts';
import { shutdownTelemetry } from './telemetry.ts';

const database = openDatabase(process.env.SHOP_DATABASE ?? ':memory:');
const app = createBackendApp(createShopStore(database));

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8788) }, ({ port }) =>
  console.log(`The shop's backend is listening on http://127.0.0.1:${port}`),
);
server.on('error', (error) => {
  console.error(`The shop's backend cannot listen: ${error.message}`);
  process.exit(1);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    void shutdownTelemetry().finally(() => {
      database.close();
      process.exit(0);
    });
  });
}
