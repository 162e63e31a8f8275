import { upgradeWebSocket } from 'hono/cloudflare-workers';
import { createShop, type Env } from './create-shop.ts';

export default createShop((bindings) => bindings as Env, upgradeWebSocket as never);
