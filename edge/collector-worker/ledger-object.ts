import { DurableObject } from 'cloudflare:workers';
import type { PageLedger } from '../../src/wire/ledger.ts';
import {
  type AgentTotals,
  createLossLedger,
  type KeyCounts,
  type LossLedger,
  type PageReport,
} from '../collector/ledger/loss-ledger.ts';
import { createNextTurn } from '../store/durable-object/next-turn.ts';
import type { ObjectContext, ObjectStorage } from '../store/durable-object/platform.ts';

/** One thing to be booked: what a request came to, what an agent says of a page, or how many records a shard has deleted. */
export type LedgerEntry = { atMs: number } & (
  | { keyId: string; counts: Partial<KeyCounts> }
  | { keyId: string; report: PageLedger }
  | { expired: number }
);

const SCHEMA = `CREATE TABLE IF NOT EXISTS entry(id INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot(piece INTEGER PRIMARY KEY, data BLOB NOT NULL);`;
/** So many entries are read again at most when the object begins anew. */
const MAX_ENTRIES = 2_000;
/** A row holds at most 2 MB. */
const MAX_PIECE_BYTES = 1_900_000;

/** The Durable Object that keeps the loss ledger of all isolates: entries as they come, and now and then the sum of all. */
export class LossLedgerObject extends DurableObject {
  readonly #storage: ObjectStorage;
  readonly #ledger: LossLedger;
  readonly #nextTurn = createNextTurn();
  #nowMs: number | undefined;
  #entries = 0;

  constructor(ctx: ObjectContext, env: unknown) {
    super(ctx as never, env as never);
    this.#storage = ctx.storage;
    ctx.storage.sql.exec(SCHEMA);
    const pieces = [...ctx.storage.sql.exec('SELECT data FROM snapshot ORDER BY piece')];
    const text = Buffer.concat(pieces.map(({ data }) => Buffer.from(data as ArrayBuffer))).toString();
    this.#ledger = createLossLedger(() => this.#nowMs ?? Date.now(), text === '' ? undefined : JSON.parse(text));
    for (const { json } of ctx.storage.sql.exec('SELECT json FROM entry ORDER BY id')) {
      this.#book(JSON.parse(String(json)));
    }
  }

  /** Books entries; answers when they are on disk. */
  async book(entries: readonly LedgerEntry[]): Promise<void> {
    await this.#nextTurn();
    this.#storage.transactionSync(() => {
      for (const entry of entries) {
        this.#storage.sql.exec('INSERT INTO entry(json) VALUES(?)', JSON.stringify(entry));
        this.#book(entry);
      }
      if (this.#entries >= MAX_ENTRIES) this.#sumUp();
    });
    await this.#storage.sync();
  }

  keys(): [keyId: string, counts: KeyCounts][] {
    return [...this.#ledger.keys()];
  }

  totals(of: { keyId?: string; sessionId?: string }): AgentTotals {
    return this.#ledger.totals(of);
  }

  pages(sessionId: string): PageReport[] {
    return this.#ledger.pages(sessionId);
  }

  #book(entry: LedgerEntry): void {
    this.#nowMs = entry.atMs;
    if ('expired' in entry) this.#ledger.expire(entry.expired);
    else if ('counts' in entry) this.#ledger.count(entry.keyId, entry.counts);
    else this.#ledger.hear(entry.keyId, entry.report);
    this.#nowMs = undefined;
    this.#entries += 1;
  }

  #sumUp(): void {
    const bytes = Buffer.from(JSON.stringify(this.#ledger.snapshot()));
    this.#storage.sql.exec('DELETE FROM snapshot');
    this.#storage.sql.exec('DELETE FROM entry');
    for (let from = 0, piece = 0; from < bytes.length; from += MAX_PIECE_BYTES, piece += 1) {
      const data = bytes.subarray(from, from + MAX_PIECE_BYTES);
      this.#storage.sql.exec('INSERT INTO snapshot(piece, data) VALUES(?, ?)', piece, data);
    }
    this.#entries = 0;
  }
}
