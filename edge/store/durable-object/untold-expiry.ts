import type { ObjectStorage } from './platform.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS untold(records INTEGER NOT NULL)';

/** How many records have expired that the books have not heard of. Kept with the deletion, so that a crash loses no count. */
export class UntoldExpiry {
  readonly #storage: ObjectStorage;
  #records = 0;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
    for (const { records } of [...storage.sql.exec('SELECT records FROM untold')]) this.#records += Number(records);
  }

  get records(): number {
    return this.#records;
  }

  /** More that have expired, or fewer when they have been told. */
  add(records: number): void {
    if (records === 0) return;
    this.#records += records;
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec('DELETE FROM untold');
      this.#storage.sql.exec('INSERT INTO untold(records) VALUES(?)', this.#records);
    });
  }
}
