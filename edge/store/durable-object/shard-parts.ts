import type { TraceId } from '../../../src/wire/ids.ts';
import { CODEC } from '../encoding/block.ts';
import { BLOCK_REST_SCHEMA } from '../sql/block-rows.ts';
import { PartReader } from '../sql/part-reader.ts';
import { PartWriter } from '../sql/part-writer.ts';
import { createPart, FORMAT_VERSION, migratePart } from '../sql/schema.ts';
import type { SqlDriver } from '../sql/sql-driver.ts';
import { firstRow } from '../sql/sql-driver.ts';
import type { SummaryState } from '../summary.ts';
import { dropPart, partDriver } from './part-driver.ts';
import type { ObjectStorage } from './platform.ts';

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS part(number INTEGER PRIMARY KEY, from_ms INTEGER NOT NULL, bytes INTEGER NOT NULL)';
/** Parts did not say their version at first: they were all of this one. */
const FIRST_VERSION = 2;
const VERSION_COLUMN = `ALTER TABLE part ADD COLUMN version INTEGER NOT NULL DEFAULT ${FIRST_VERSION}`;

/** The traces first received in one stretch of time: what retention takes away at once. */
export interface ShardPart {
  number: number;
  /** Start of the stretch, epoch ms. */
  fromMs: number;
  /** What it takes of the database, about. */
  bytes: number;
  driver: SqlDriver;
  reader: PartReader;
  writer: PartWriter;
}

export interface ShardPartsOptions {
  /** A part takes what comes within this time. */
  periodMs: number;
  /** A part of this size is followed by the next. */
  maxPartBytes: number;
}

/** The parts of a shard, oldest first; the last one takes new traces. All lie in the database of one object. */
export class ShardParts {
  readonly #storage: ObjectStorage;
  readonly #options: ShardPartsOptions;
  readonly #parts: ShardPart[] = [];

  constructor(storage: ObjectStorage, options: ShardPartsOptions) {
    this.#storage = storage;
    this.#options = options;
    storage.sql.exec(SCHEMA);
    migrateParts(storage);
    for (const row of [...storage.sql.exec('SELECT number, from_ms, bytes FROM part ORDER BY number')]) {
      this.#parts.push(this.#open(Number(row.number), Number(row.from_ms), Number(row.bytes)));
    }
  }

  all(): readonly ShardPart[] {
    return this.#parts;
  }

  /** The part that holds something of a trace. */
  holding(traceId: TraceId): { part: ShardPart; state: SummaryState } | undefined {
    for (let i = this.#parts.length - 1; i >= 0; i -= 1) {
      const part = this.#parts[i];
      const state = part?.reader.summary(traceId);
      if (part && state) return { part, state };
    }
    return undefined;
  }

  /** The part for a trace that is in none. A clock that went back changes nothing: time only opens new parts. */
  current(receivedAtMs: number): ShardPart {
    const { periodMs, maxPartBytes } = this.#options;
    const last = this.#parts.at(-1);
    if (last && receivedAtMs < last.fromMs + periodMs && last.bytes < maxPartBytes) return last;
    const number = (last?.number ?? 0) + 1;
    const fromMs = Math.max(Math.floor(receivedAtMs / periodMs) * periodMs, last?.fromMs ?? 0);
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec(
        'INSERT INTO part(number, from_ms, bytes, version) VALUES(?, ?, 0, ?)',
        number,
        fromMs,
        FORMAT_VERSION,
      );
      const driver = partDriver(this.#storage, prefixOf(number));
      createPart(driver, fromMs * 1000);
      driver.exec(BLOCK_REST_SCHEMA);
    });
    const part = this.#open(number, fromMs, 0);
    this.#parts.push(part);
    return part;
  }

  /** Does `work`, which writes into the part, and books what it took. All of it or nothing. */
  write(part: ShardPart, work: () => void): void {
    const before = this.#storage.sql.databaseSize;
    let { bytes } = part;
    this.#storage.transactionSync(() => {
      work();
      bytes = Math.max(0, part.bytes + this.#storage.sql.databaseSize - before);
      this.#storage.sql.exec('UPDATE part SET bytes = ? WHERE number = ?', bytes, part.number);
    });
    part.bytes = bytes;
  }

  drop(part: ShardPart): void {
    this.#storage.transactionSync(() => {
      dropPart(this.#storage, prefixOf(part.number));
      this.#storage.sql.exec('DELETE FROM part WHERE number = ?', part.number);
    });
    this.#parts.splice(this.#parts.indexOf(part), 1);
  }

  // Not zstd: what workerd's zlib compresses with it is cut off at some 50 KB.
  #open(number: number, fromMs: number, bytes: number): ShardPart {
    const driver = partDriver(this.#storage, prefixOf(number));
    return {
      number,
      fromMs,
      bytes,
      driver,
      reader: new PartReader(driver),
      writer: new PartWriter(driver, CODEC.deflate),
    };
  }
}

// All parts of an older version are brought to this one, or none.
function migrateParts(storage: ObjectStorage): void {
  storage.transactionSync(() => {
    const [schema] = storage.sql.exec("SELECT sql FROM sqlite_schema WHERE name = 'part'");
    if (!/\bversion\b/.test(String(schema?.sql))) storage.sql.exec(VERSION_COLUMN);
    for (const { number, version } of [...storage.sql.exec('SELECT number, version FROM part')]) {
      if (Number(version) >= FORMAT_VERSION) continue;
      migratePart(partDriver(storage, prefixOf(Number(number))), Number(version));
      storage.sql.exec('UPDATE part SET version = ? WHERE number = ?', FORMAT_VERSION, Number(number));
    }
  });
}

/** Epoch ms of the last batch a part holds something of; `fromMs` when it is empty. */
export function lastUpdateMs({ driver, fromMs }: ShardPart): number {
  const updated = firstRow(driver, 'SELECT max(updated) AS updated FROM trace')?.updated;
  return fromMs + (typeof updated === 'number' ? Math.max(0, updated) : 0);
}

function prefixOf(number: number): string {
  return `p${number}_`;
}
