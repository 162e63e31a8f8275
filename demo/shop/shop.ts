/** What the backend answers, the worker renders and the page reads. */
export interface Product {
  id: number;
  name: string;
  kind: string;
  priceCents: number;
  blurb: string;
}

export interface ProductPage {
  product: Product;
  /** What other people bought with it, most often first. */
  boughtTogether: Product[];
}

export interface CartLine {
  product: Product;
  quantity: number;
}

export interface Cart {
  lines: CartLine[];
  totalCents: number;
  /** Pieces, not lines. */
  count: number;
}

export interface Order {
  id: number;
  totalCents: number;
  status: 'placed' | 'packed';
}

/** Cents as people write them: `4900` is `€49.00`. */
export function formatPrice(cents: number): string {
  return `€${(cents / 100).toFixed(2)}`;
}
