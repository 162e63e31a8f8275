import { DamagedDataError } from '../encoding/byte-reader.ts';
import { firstRow, type SqlDriver } from './sql-driver.ts';

/** What parts need as well where a row has a limit: the rest of blocks that do not fit into theirs. */
export const BLOCK_REST_SCHEMA = `CREATE TABLE block_rest(
  block INTEGER NOT NULL, piece INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(block, piece)
)`;

/** Writes a block, over the one that is there. */
export function writeBlock(driver: SqlDriver, id: number, data: Uint8Array): void {
  const { maxBlobBytes = Number.POSITIVE_INFINITY } = driver;
  driver.run('INSERT OR REPLACE INTO block(id, data) VALUES(?, ?)', [id, data.subarray(0, maxBlobBytes)]);
  if (maxBlobBytes === Number.POSITIVE_INFINITY) return;
  driver.run('DELETE FROM block_rest WHERE block = ?', [id]);
  for (let from = maxBlobBytes, piece = 0; from < data.length; from += maxBlobBytes, piece += 1) {
    const values = [id, piece, data.subarray(from, from + maxBlobBytes)];
    driver.run('INSERT INTO block_rest(block, piece, data) VALUES(?, ?, ?)', values);
  }
}

/** @throws {DamagedDataError} when it is not there */
export function readBlock(driver: SqlDriver, id: number): Uint8Array {
  const data = firstRow(driver, 'SELECT data FROM block WHERE id = ?', [id])?.data;
  if (!(data instanceof Uint8Array)) throw new DamagedDataError(`Block ${id} is missing.`);
  if (data.length !== driver.maxBlobBytes) return data;
  const rest = driver.rows('SELECT data FROM block_rest WHERE block = ? ORDER BY piece', [id]);
  return Buffer.concat([data, ...Array.from(rest, (row) => row.data as Uint8Array)]);
}
