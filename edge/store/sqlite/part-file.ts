import { existsSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { TraceId } from '../../../src/wire/ids.ts';
import { PartReader } from '../sql/part-reader.ts';
import type { SealedLoose, SealedTrace } from '../sql/part-writer.ts';
import { APPLICATION_ID, createPart, FORMAT_VERSION, migratePart } from '../sql/schema.ts';
import { firstRow, type SqlDriver } from '../sql/sql-driver.ts';
import type { Totals } from '../totals.ts';
import type { RemoveSelector } from '../trace-store.ts';
import { nodeSqlDriver } from './node-sql-driver.ts';
import { PART_PRAGMAS } from './part-pragmas.ts';
import { buffersOf, packSealed } from './sealed-message.ts';
import { assertOurs, reason, StoreOpenError } from './store-file.ts';
import { TraceIdFilter } from './trace-id-filter.ts';
import { askWriteThread } from './write-thread.ts';

// Before the write-ahead log is on: what tells the file as ours must be in the file itself, whatever happens next.
const CREATE_PRAGMAS = `PRAGMA page_size = 4096; PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT_VERSION};`;

/** One database file, with a reader of its own; it is written in the writing thread. */
export class PartFile {
  readonly path: string;
  readonly number: number;
  readonly reader: PartReader;
  /** Start of the stretch of receive times it holds, epoch ms. */
  readonly fromMs: number;
  totals: Totals;
  readonly #filter: TraceIdFilter;
  readonly #reading: DatabaseSync;
  readonly #readDriver: SqlDriver;

  /**
   * @param fromMs for a file that is not there yet
   * @throws {StoreOpenError} when the file is not ours, of a newer version, or damaged
   */
  constructor(path: string, number: number, fromMs: number) {
    this.path = path;
    this.number = number;
    assertOurs(path);
    try {
      makeReady(path, fromMs);
      this.#reading = new DatabaseSync(path, { readOnly: true });
      this.#readDriver = nodeSqlDriver(this.#reading);
      this.reader = new PartReader(this.#readDriver);
      this.totals = this.reader.totals();
      this.fromMs = Number(firstRow(this.#readDriver, 'SELECT base_us FROM total')?.base_us) / 1000;
    } catch (cause) {
      if (cause instanceof StoreOpenError) throw cause;
      throw new StoreOpenError(`Cannot open ${path}: ${reason(cause)}.`, { cause });
    }
    this.#filter = this.#buildFilter();
  }

  mayHold(traceId: TraceId): boolean {
    return this.#filter.has(traceId);
  }

  /**
   * Writes traces, and log records of no trace; all of it or, when it rejects, nothing.
   * @param added the traces it did not hold before
   */
  async write(traces: readonly SealedTrace[], loose: SealedLoose | undefined, added: Iterable<TraceId>): Promise<void> {
    const message = packSealed(traces);
    await askWriteThread('write', [this.path, message, loose && copyLoose(loose)], buffersOf(message));
    for (const traceId of added) this.#filter.add(traceId);
    this.totals = this.reader.totals();
  }

  /** Takes traces of a person out for good, from the write-ahead log as well. */
  async remove(traceIds: readonly TraceId[], selector: RemoveSelector): Promise<void> {
    await askWriteThread('remove', [this.path, traceIds, selector]);
    this.reader.reset();
    this.totals = this.reader.totals();
  }

  /** Epoch ms of the last batch it holds something of; `fromMs` when it is empty. */
  lastUpdateMs(): number {
    const updated = firstRow(this.#readDriver, 'SELECT max(updated) AS updated FROM trace')?.updated;
    return this.fromMs + (typeof updated === 'number' ? Math.max(0, updated) : 0);
  }

  bytes(): number {
    let bytes = 0;
    for (const path of this.#paths()) if (existsSync(path)) bytes += statSync(path).size;
    return bytes;
  }

  /** Closes the connection of this thread; to be called before the writing thread closes the last one. */
  close(): void {
    this.#reading.close();
  }

  /** Deletes the file, which no thread has open any more. */
  delete(): void {
    for (const path of this.#paths()) rmSync(path, { force: true });
  }

  #paths(): string[] {
    return [this.path, `${this.path}-wal`, `${this.path}-shm`];
  }

  #buildFilter(): TraceIdFilter {
    const filter = new TraceIdFilter(this.totals.traces * 2);
    for (const id of this.reader.traceIds()) filter.add(Buffer.from(id).toString('hex'));
    return filter;
  }
}

// A view goes to another thread with all of the memory it looks at.
function copyLoose(loose: SealedLoose): SealedLoose {
  const chunks = loose.chunks.map(({ ids, body }) => ({ ids: Buffer.concat([ids]), body: Buffer.concat([body]) }));
  return { ...loose, chunks };
}

// Makes the file if it is not there, or brings it to this version.
function makeReady(path: string, fromMs: number): void {
  const database = new DatabaseSync(path);
  try {
    const driver = nodeSqlDriver(database);
    const isNew = firstRow(driver, "SELECT 1 FROM sqlite_schema WHERE name = 'total'") === undefined;
    if (isNew) database.exec(CREATE_PRAGMAS);
    database.exec(PART_PRAGMAS);
    if (isNew) createPart(driver, Math.floor(fromMs) * 1000);
    else migrate(driver);
  } finally {
    database.close();
  }
}

function migrate(driver: SqlDriver): void {
  const version = Number(firstRow(driver, 'PRAGMA user_version')?.user_version);
  if (version >= FORMAT_VERSION) return;
  driver.transaction(() => {
    migratePart(driver, version);
    driver.exec(`PRAGMA user_version = ${FORMAT_VERSION}`);
  });
  // An older version looks for the number in the file itself.
  driver.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
