/** Of every connection that writes a part. 4 KB pages, which parts are made with, waste least behind blocks of some 30 KB. */
export const PART_PRAGMAS = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -8192;`;
