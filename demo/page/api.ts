import type { ShopData } from '../shop/routes.ts';
import type { Cart, Order, Product, ProductPage } from '../shop/shop.ts';

/** What the shop answered instead of what was asked for. */
export class ShopError extends Error {
  override readonly name = 'ShopError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The shop's API as the page calls it. */
export const api = {
  products: () => request<Product[]>('GET', '/api/products'),
  product: (id: number) => request<ProductPage>('GET', `/api/products/${id}`).catch(undefinedIfMissing),
  cart: () => request<Cart>('GET', '/api/cart'),
  addToCart: (productId: number) => request<Cart>('POST', '/api/cart', { productId }),
  placeOrder: () => request<Order>('POST', '/api/orders'),
} satisfies ShopData & Record<string, unknown>;

async function request<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as Answer;
  const reason = (answer as { error?: string } | undefined)?.error;
  throw new ShopError(response.status, reason ?? `The shop answered ${response.status}.`);
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof ShopError && error.status === 404) return undefined;
  throw error;
}
