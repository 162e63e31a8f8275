import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { throughline } from 'throughline/hono';
import { contentSecurityPolicy, documentOf } from '../shop/document.ts';
import { viewOf } from '../shop/routes.ts';
import type { Order } from '../shop/shop.ts';
import { notFoundView, type View } from '../shop/views.ts';
import { backendData } from './backend.ts';
import type { OrderMessage, Queue } from './orders.ts';
import { tracing } from './tracing.ts';

/** What `wrangler.jsonc` and the secrets give the worker. */
export interface Env {
  BACKEND_URL: string;
  /** Orders on their way to be packed. */
  ORDERS: Queue<OrderMessage>;
  /** Where the collector is, for the page and for the worker. Absent: nothing is traced. */
  COLLECTOR_URL?: string;
  /** The page's key, public. */
  THROUGHLINE_KEY?: string;
  /** The worker's own key, a secret. */
  THROUGHLINE_SECRET_KEY?: string;
}

type ShopContext = Context<{ Bindings: Env }>;

const CART_COOKIE = 'cart';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function createShopApp(): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  app.use(throughline(tracing));

  for (const path of ['/', '/products/:id', '/cart', '/about']) {
    app.get(path, async (c) => {
      const view = await viewOf(c.req.path, backendData(c.env.BACKEND_URL, cartId(c)));
      return page(c, view);
    });
  }

  app.get('/api/products', (c) => proxy(c, '/products'));
  app.get('/api/products/:id', (c) => proxy(c, `/products/${Number(c.req.param('id'))}`));
  app.get('/api/cart', (c) => proxy(c, `/carts/${cartId(c)}`));
  app.post('/api/cart', (c) => proxy(c, `/carts/${cartId(c)}/items`));
  app.post('/api/orders', async (c) => {
    const answer = await proxy(c, `/carts/${cartId(c)}/order`);
    if (!answer.ok) return answer;
    const order = (await answer.json()) as Order;
    await c.env.ORDERS.send({ orderId: order.id });
    return c.json(order, 201);
  });

  app.notFound((c) => page(c, notFoundView()));
  app.onError((error, c) => {
    console.error(error);
    return c.req.path.startsWith('/api/')
      ? c.json({ error: 'The shop is not well. Try again in a moment.' }, 502)
      : c.text('The shop is not well. Try again in a moment.', 502);
  });
  return app;
}

/** A document of one visitor: no cache may hand it to another, so the page load joins the trace of its request. */
function page(c: ShopContext, view: View): Response {
  const { COLLECTOR_URL: collector, THROUGHLINE_KEY: key } = c.env;
  const agent = collector && key ? { collector, key } : undefined;
  return c.html(documentOf(view, agent), view.status, {
    'cache-control': 'private, no-cache',
    'content-security-policy': contentSecurityPolicy(agent?.collector),
    'x-content-type-options': 'nosniff',
  }) as Response;
}

/** Passes a request of the page to the backend. */
async function proxy(c: ShopContext, path: string): Promise<Response> {
  const hasBody = c.req.method !== 'GET';
  const answer = await fetch(c.env.BACKEND_URL + path, {
    method: c.req.method,
    headers: { 'content-type': 'application/json' },
    ...(hasBody ? { body: await c.req.text() } : {}),
  });
  return new Response(answer.body, {
    status: answer.status,
    headers: { 'content-type': answer.headers.get('content-type') ?? 'application/json', 'cache-control': 'private' },
  });
}

/** The visitor's cart, by a cookie; a first visit gets a new one. */
function cartId(c: ShopContext): string {
  const known = getCookie(c, CART_COOKIE);
  if (known && UUID.test(known)) return known;
  const fresh = crypto.randomUUID();
  setCookie(c, CART_COOKIE, fresh, { path: '/', httpOnly: true, sameSite: 'Lax', maxAge: 30 * 24 * 3600 });
  return fresh;
}
