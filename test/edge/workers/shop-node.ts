import { serve } from '@hono/node-server';
import { createShop, type Env } from './shop.ts';

const app = createShop(() => process.env as unknown as Env);
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.send?.({ port }));
process.on('disconnect', () => process.exit());
