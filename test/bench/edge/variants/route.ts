import { Hono, type MiddlewareHandler } from 'hono';

export interface Env {
  ORIGIN: string;
  SINK: string;
}

/** The route every variant serves: two subrequests at once, a small JSON answer. */
export function createRoute(...middleware: MiddlewareHandler[]): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  for (const one of middleware) app.use(one);
  app.get('/products/:id', async (c) => {
    const [product, stock] = await Promise.all([fetch(`${c.env.ORIGIN}/product`), fetch(`${c.env.ORIGIN}/stock`)]);
    return c.json({ id: c.req.param('id'), product: await product.text(), stock: await stock.text() });
  });
  return app;
}
