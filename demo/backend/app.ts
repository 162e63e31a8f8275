import { context } from '@opentelemetry/api';
import { getRPCMetadata, RPCType } from '@opentelemetry/core';
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import type { ShopStore } from './shop-store.ts';

const CART = '/carts/:cartId';

/** The shop's own API; only the worker calls it. */
export function createBackendApp(store: ShopStore): Hono {
  const app = new Hono();

  // The stock HTTP instrumentation names its server span after this: `GET /products/:id` instead of `GET`.
  app.use(async (c, next) => {
    await next();
    const metadata = getRPCMetadata(context.active());
    if (metadata?.type === RPCType.HTTP) metadata.route = routePath(c, -1);
  });

  app.get('/products', (c) => c.json(store.products()));
  app.get('/products/:id', (c) => {
    const product = store.product(Number(c.req.param('id')));
    if (!product) return c.json({ error: 'No such product.' }, 404);
    return c.json({ product, boughtTogether: store.boughtTogether(product.id) });
  });
  app.get(CART, (c) => c.json(store.cart(c.req.param('cartId'))));
  app.post(`${CART}/items`, async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const productId = (body as { productId?: unknown } | undefined)?.productId;
    if (typeof productId !== 'number') return c.json({ error: 'Send {"productId": number}.' }, 400);
    if (!store.product(productId)) return c.json({ error: 'No such product.' }, 404);
    return c.json(store.addToCart(c.req.param('cartId'), productId), 201);
  });
  app.post(`${CART}/order`, (c) => {
    const order = store.placeOrder(c.req.param('cartId'));
    return order ? c.json(order, 201) : c.json({ error: 'The cart is empty.' }, 409);
  });
  app.post('/orders/:id/pack', (c) => {
    const order = store.packOrder(Number(c.req.param('id')));
    return order ? c.json(order) : c.json({ error: 'No such order.' }, 404);
  });
  app.get('/healthz', (c) => c.text('ok'));
  app.notFound((c) => c.json({ error: 'No such route.' }, 404));
  return app;
}
