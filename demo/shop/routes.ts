import type { Cart, Product, ProductPage } from './shop.ts';
import { aboutView, cartView, notFoundView, productListView, productView, type View } from './views.ts';

/** Where a view's data comes from: the backend for the worker, `/api` for the page. */
export interface ShopData {
  products(): Promise<Product[]>;
  /** `undefined` when there is no such product. */
  product(id: number): Promise<ProductPage | undefined>;
  cart(): Promise<Cart>;
}

/** The view of a path. */
export async function viewOf(path: string, data: ShopData): Promise<View> {
  if (path === '/') return productListView(await data.products());
  if (path === '/about') return aboutView();
  if (path === '/cart') return cartView(await data.cart());
  const id = /^\/products\/(\d{1,9})$/.exec(path)?.[1];
  const page = id && (await data.product(Number(id)));
  return page ? productView(page) : notFoundView();
}
