import { readStored, storedKeys, writeStored } from '../browser/storage.ts';
import { type Chunk, isChunk } from './chunk.ts';
import { type Ledger, restoreLedger } from './ledger.ts';

/** Of all pages together: localStorage holds 5 MB, and is the site's. */
const MAX_SPILLED_CHARS = 256 * 1024;
const PREFIX = 'throughline.tail.';

/**
 * What a page had to leave behind while its outbox was not open: in the first moments of a page, and where there is no
 * IndexedDB. Nothing but localStorage is written before the call returns.
 */
export interface Spilled {
  chunks: Chunk[];
  books: Ledger[];
}

/** Bytes there is room for. */
export function spillRoom(): number {
  return storedKeys(PREFIX).reduce((room, key) => room - (localStorage[key] as string).length, MAX_SPILLED_CHARS);
}

/** Replaces what `page` has spilled before; nothing is kept without `spilled`. @returns false when it could not be kept. */
export function spill(page: string, spilled?: Spilled): boolean {
  return writeStored(`${PREFIX}${page}`, spilled);
}

/** What other pages have left, by page. */
export function readSpilled(): Map<string, Spilled> {
  return new Map(
    storedKeys(PREFIX).map((key) => {
      const { chunks, books } = Object(readStored(key)) as Partial<Spilled>;
      // It may be of another version, or spoilt.
      const all = <T>(value: T[] | undefined) => (Array.isArray(value) ? value : []);
      const rows = all(books).filter((row) => row?.page);
      return [key.slice(PREFIX.length), { chunks: all(chunks).filter(isChunk), books: rows.map(restoreLedger) }];
    }),
  );
}
