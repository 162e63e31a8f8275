import { DatabaseSync } from 'node:sqlite';
import { BEST_SELLER_ID, CATALOGUE } from './catalogue.ts';

/** Enough past orders of the best seller to make its "bought together" query take about 1.5 s. */
const PAST_ORDERS = 2300;
/** Every so many orders one holds a second product that is still sold; the rest are lines long gone. */
const STILL_SOLD_EVERY = 40;
const RETIRED_ID = 1000;

/**
 * Opens the shop's database and fills an empty one with the catalogue and past orders.
 * @param path a file, or `:memory:`
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS products (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, price_cents INTEGER NOT NULL, blurb TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS cart_items (
      cart_id TEXT NOT NULL, product_id INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL,
      PRIMARY KEY (cart_id, product_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS orders (
      id INTEGER PRIMARY KEY, cart_id TEXT NOT NULL, total_cents INTEGER NOT NULL, status TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS order_items (order_ref TEXT NOT NULL, product_id INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS order_items_by_product ON order_items (product_id);
    CREATE INDEX IF NOT EXISTS order_items_by_order ON order_items (order_ref);
  `);
  const { count } = database.prepare('SELECT count(*) AS count FROM products').get() as { count: number };
  if (count === 0) seed(database);
  return database;
}

function seed(database: DatabaseSync): void {
  database.exec('BEGIN');
  const product = database.prepare('INSERT INTO products (id, name, kind, price_cents, blurb) VALUES (?, ?, ?, ?, ?)');
  for (const { id, name, kind, priceCents, blurb } of CATALOGUE) product.run(id, name, kind, priceCents, blurb);
  const item = database.prepare('INSERT INTO order_items (order_ref, product_id) VALUES (?, ?)');
  const others = CATALOGUE.map(({ id }) => id).filter((id) => id !== BEST_SELLER_ID);
  for (let order = 0; order < PAST_ORDERS; order++) {
    const ref = `HH-${String(order).padStart(6, '0')}`;
    item.run(ref, BEST_SELLER_ID);
    const turn = order / STILL_SOLD_EVERY;
    item.run(ref, Number.isInteger(turn) ? (others[turn % others.length] ?? RETIRED_ID) : RETIRED_ID);
    if (Number.isInteger(turn)) item.run(ref, others[(turn * 3 + 1) % others.length] ?? RETIRED_ID);
  }
  database.exec('COMMIT');
}
