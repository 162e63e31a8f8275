import type { DatabaseSync } from 'node:sqlite';
import type { Cart, Order, Product } from '../shop/shop.ts';
import { query } from './traced-query.ts';

const PRODUCT = 'p.id, p.name, p.kind, p.price_cents AS priceCents, p.blurb';

/** The shop's data: every function is one or two traced statements. */
export function createShopStore(database: DatabaseSync) {
  const products = (): Product[] =>
    query<Product>(database, {
      operation: 'SELECT',
      table: 'products',
      sql: `SELECT ${PRODUCT} FROM products AS p ORDER BY p.id`,
    });

  const product = (id: number): Product | undefined =>
    query<Product>(
      database,
      { operation: 'SELECT', table: 'products', sql: `SELECT ${PRODUCT} FROM products AS p WHERE p.id = ?` },
      id,
    )[0];

  // Slow for a best seller and honestly so: lower() keeps SQLite from using the index on order_ref, so each of its
  // orders scans all order items. The trace shows it; the fix is to join on order_ref itself.
  const boughtTogether = (id: number): Product[] =>
    query<Product>(
      database,
      {
        operation: 'SELECT',
        table: 'order_items',
        sql: `SELECT ${PRODUCT}
          FROM order_items AS mine
          CROSS JOIN order_items AS theirs ON lower(theirs.order_ref) = lower(mine.order_ref)
          JOIN products AS p ON p.id = theirs.product_id
          WHERE mine.product_id = ?1 AND p.id <> ?1
          GROUP BY p.id ORDER BY count(*) DESC, p.id LIMIT 3`,
      },
      id,
    );

  const cart = (cartId: string): Cart => {
    const rows = query<Product & { quantity: number }>(
      database,
      {
        operation: 'SELECT',
        table: 'cart_items',
        sql: `SELECT ${PRODUCT}, c.quantity FROM cart_items AS c JOIN products AS p ON p.id = c.product_id
          WHERE c.cart_id = ? ORDER BY p.id`,
      },
      cartId,
    );
    const lines = rows.map(({ quantity, ...item }) => ({ product: item, quantity }));
    return {
      lines,
      totalCents: lines.reduce((sum, line) => sum + line.product.priceCents * line.quantity, 0),
      count: lines.reduce((sum, line) => sum + line.quantity, 0),
    };
  };

  const addToCart = (cartId: string, productId: number): Cart => {
    query(
      database,
      {
        operation: 'INSERT',
        table: 'cart_items',
        sql: `INSERT INTO cart_items (cart_id, product_id, quantity) VALUES (?, ?, 1)
          ON CONFLICT DO UPDATE SET quantity = quantity + 1`,
      },
      cartId,
      productId,
    );
    return cart(cartId);
  };

  /** Places an order for all that is in the cart and empties it; `undefined` for an empty cart. */
  const placeOrder = (cartId: string): Order | undefined => {
    const { totalCents, count } = cart(cartId);
    if (count === 0) return undefined;
    const [order] = query<Order>(
      database,
      {
        operation: 'INSERT',
        table: 'orders',
        sql: `INSERT INTO orders (cart_id, total_cents, status) VALUES (?, ?, 'placed')
          RETURNING id, total_cents AS totalCents, status`,
      },
      cartId,
      totalCents,
    );
    query(
      database,
      { operation: 'DELETE', table: 'cart_items', sql: 'DELETE FROM cart_items WHERE cart_id = ?' },
      cartId,
    );
    return order;
  };

  const packOrder = (id: number): Order | undefined =>
    query<Order>(
      database,
      {
        operation: 'UPDATE',
        table: 'orders',
        sql: `UPDATE orders SET status = 'packed' WHERE id = ? RETURNING id, total_cents AS totalCents, status`,
      },
      id,
    )[0];

  return { products, product, boughtTogether, cart, addToCart, placeOrder, packOrder };
}

export type ShopStore = ReturnType<typeof createShopStore>;
