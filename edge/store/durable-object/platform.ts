import type { SqlValue } from '../sql/sql-driver.ts';

/** A row as a Durable Object gives it: blobs are bare buffers. */
export type StorageRow = Record<string, null | number | string | ArrayBuffer>;

/** What we use of the storage of a SQLite-backed Durable Object. */
export interface ObjectStorage {
  sql: {
    exec(sql: string, ...values: SqlValue[]): Iterable<StorageRow>;
    /** Bytes in use, free pages not counted. */
    readonly databaseSize: number;
  };
  transactionSync<T>(work: () => T): T;
  /** Resolves when all that was written is on disk. */
  sync(): Promise<void>;
  getAlarm(): Promise<number | null>;
  setAlarm(epochMs: number): Promise<void>;
}

/** What we use of the context a Durable Object is made with. */
export interface ObjectContext {
  storage: ObjectStorage;
  blockConcurrencyWhile(work: () => Promise<void>): Promise<void>;
}

/** A binding of objects of one class, each found by its name; `Stub` is how its methods are called from afar. */
export interface ObjectNamespace<Stub> {
  getByName(name: string): Stub;
}
