import type { ObjectStorage } from './platform.ts';

/** A batch is the rows from a `piece` of 0 to the next one. */
const SCHEMA = 'CREATE TABLE IF NOT EXISTS journal(id INTEGER PRIMARY KEY, piece INTEGER NOT NULL, data BLOB NOT NULL)';
/** A row holds at most 2 MB. */
const MAX_PIECE_BYTES = 1_900_000;

/** The batches that were accepted and lie in no block yet, as rows. */
export class JournalRows {
  readonly #storage: ObjectStorage;
  /** Rows of each batch, by its number, which is the id of its first row. */
  readonly #rows = new Map<number, number>();
  #next = 1;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
  }

  /** Returns the number of the batch. */
  add(record: Uint8Array): number {
    const batch = this.#next;
    for (let from = 0, piece = 0; from < record.length; from += MAX_PIECE_BYTES, piece += 1) {
      const data = record.subarray(from, from + MAX_PIECE_BYTES);
      this.#storage.sql.exec('INSERT INTO journal(id, piece, data) VALUES(?, ?, ?)', this.#next, piece, data);
      this.#next += 1;
    }
    this.#rows.set(batch, this.#next - batch);
    return batch;
  }

  remove(batch: number): void {
    const rows = this.#rows.get(batch) ?? 0;
    this.#storage.sql.exec('DELETE FROM journal WHERE id >= ? AND id < ?', batch, batch + rows);
    this.#rows.delete(batch);
  }

  /** What an object of before left, oldest first. */
  *read(): Generator<{ batch: number; record: Buffer }> {
    let pieces: Buffer[] = [];
    let batch = 0;
    for (const { id, piece, data } of this.#storage.sql.exec('SELECT id, piece, data FROM journal ORDER BY id')) {
      if (piece === 0 && pieces.length > 0) yield { batch, record: Buffer.concat(pieces) };
      if (piece === 0) {
        pieces = [];
        batch = Number(id);
      }
      pieces.push(Buffer.from(data as ArrayBuffer));
      this.#rows.set(batch, pieces.length);
      this.#next = Number(id) + 1;
    }
    if (pieces.length > 0) yield { batch, record: Buffer.concat(pieces) };
  }
}
