import { DatabaseSync } from 'node:sqlite';
import type { TraceId } from '../../../src/wire/ids.ts';
import { PartWriter, type SealedLoose } from '../sql/part-writer.ts';
import type { RemoveSelector } from '../trace-store.ts';
import { nodeSqlDriver } from './node-sql-driver.ts';
import { PART_PRAGMAS } from './part-pragmas.ts';
import { type SealedMessage, unpackSealed } from './sealed-message.ts';

/**
 * What is written to parts that are there already, over the only connections that write. Runs in the writing thread; all
 * arguments and results can be sent between threads.
 */
export class PartWrites {
  readonly #open = new Map<string, { database: DatabaseSync; writer: PartWriter }>();

  /** Writes all or, when it throws, nothing. */
  write(path: string, traces: SealedMessage, loose: SealedLoose | undefined): void {
    this.#part(path).writer.write(unpackSealed(traces), loose && withBuffers(loose));
  }

  /** Takes traces of a person out for good, from the write-ahead log as well. */
  remove(path: string, traceIds: readonly TraceId[], selector: RemoveSelector): void {
    const { database, writer } = this.#part(path);
    database.exec('PRAGMA secure_delete = ON');
    writer.remove(traceIds, selector);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** Gives up files. The last connection to a file copies its write-ahead log into it. */
  release(paths: readonly string[]): void {
    for (const path of paths) {
      this.#open.get(path)?.database.close();
      this.#open.delete(path);
    }
  }

  #part(path: string): { database: DatabaseSync; writer: PartWriter } {
    let open = this.#open.get(path);
    if (!open) {
      const database = new DatabaseSync(path);
      try {
        database.exec(PART_PRAGMAS);
        open = { database, writer: new PartWriter(nodeSqlDriver(database)) };
      } catch (error) {
        database.close();
        throw error;
      }
      this.#open.set(path, open);
    }
    return open;
  }
}

// Between threads a Buffer becomes a plain Uint8Array.
function withBuffers(loose: SealedLoose): SealedLoose {
  const chunks = loose.chunks.map(({ ids, body }) => ({ ids: Buffer.from(ids), body: Buffer.from(body) }));
  return { ...loose, chunks };
}
