import type { ShopData } from '../shop/routes.ts';
import type { Cart, Product, ProductPage } from '../shop/shop.ts';

/** The backend as the worker's rendered pages read it. */
export function backendData(backendUrl: string, cartId: string): ShopData {
  const get = async <Answer>(path: string): Promise<Answer | undefined> => {
    const response = await fetch(backendUrl + path);
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) throw new Error(`The backend answered ${response.status} for ${path}.`);
    return (await response.json()) as Answer;
  };
  return {
    products: async () => (await get<Product[]>('/products')) ?? [],
    product: (id) => get<ProductPage>(`/products/${id}`),
    cart: async () => (await get<Cart>(`/carts/${cartId}`)) ?? { lines: [], totalCents: 0, count: 0 },
  };
}
