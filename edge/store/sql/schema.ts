import { SLOTS_PER_BLOCK } from '../encoding/block.ts';
import type { SqlDriver } from './sql-driver.ts';

/** "TLin" as SQLite's application id: tells our files from any other. */
export const APPLICATION_ID = 0x544c696e;
/** Version of files and journal alike; a store refuses what is newer. */
export const FORMAT_VERSION = 3;

/**
 * A part: the traces first received in one stretch of time. Times are microseconds from `base_us`, which keeps them
 * short; texts that repeat are numbers into `word`.
 */
const SCHEMA = `
CREATE TABLE total(base_us INTEGER NOT NULL, traces INTEGER NOT NULL, spans INTEGER NOT NULL, logs INTEGER NOT NULL);
CREATE TABLE word(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE(kind, text));
CREATE TABLE block(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE trace(
  id INTEGER PRIMARY KEY,
  trace_id BLOB NOT NULL UNIQUE,
  place INTEGER NOT NULL,
  start INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  name INTEGER NOT NULL,
  service INTEGER NOT NULL,
  name_lag INTEGER NOT NULL,
  marks INTEGER NOT NULL,
  route INTEGER NOT NULL,
  route_lag INTEGER NOT NULL,
  services INTEGER NOT NULL,
  activity INTEGER NOT NULL,
  spans INTEGER NOT NULL,
  logs INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  lcp INTEGER, inp INTEGER, cls INTEGER, fcp INTEGER, ttfb INTEGER,
  session INTEGER NOT NULL,
  person INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  device INTEGER NOT NULL,
  weight NUMERIC NOT NULL,
  browser INTEGER NOT NULL DEFAULT 0,
  country INTEGER NOT NULL DEFAULT 0,
  release INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX trace_start ON trace(start);
CREATE INDEX trace_services ON trace(services, start);
CREATE INDEX trace_name ON trace(name, start);
CREATE INDEX trace_session ON trace(session) WHERE session <> 0;
CREATE INDEX trace_person ON trace(person) WHERE person <> 0;
CREATE INDEX trace_updated ON trace(updated);
CREATE TABLE fragment(trace INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY(trace, place)) WITHOUT ROWID;
CREATE TABLE rollup(
  measure INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  service INTEGER NOT NULL,
  route INTEGER NOT NULL,
  device INTEGER NOT NULL,
  units INTEGER NOT NULL,
  error_units INTEGER NOT NULL,
  sum NUMERIC NOT NULL,
  histogram BLOB NOT NULL,
  PRIMARY KEY(measure, hour, service, route, device)
) WITHOUT ROWID;
CREATE TABLE loose(place INTEGER PRIMARY KEY);
CREATE TABLE loose_key(key INTEGER PRIMARY KEY);
`;

/**
 * What version 2 added: a filter of each block's attributes (without one, a block is read), a row a web vital, and the
 * services and routes that statistics tell apart.
 */
const SINCE_2 = `
CREATE TABLE block_filter(block INTEGER PRIMARY KEY, bits BLOB NOT NULL);
CREATE TABLE vital(
  measure INTEGER NOT NULL,
  trace INTEGER NOT NULL,
  value INTEGER NOT NULL,
  target INTEGER NOT NULL,
  PRIMARY KEY(measure, trace)
) WITHOUT ROWID;
CREATE INDEX trace_place ON trace(place);
CREATE INDEX fragment_place ON fragment(place);
CREATE TABLE counted(
  service INTEGER NOT NULL,
  route INTEGER NOT NULL,
  PRIMARY KEY(service, route)
) WITHOUT ROWID;
`;

/**
 * What version 3 added: when the traces of each block started, so that a search in a window looks at few filters; and
 * indexes that tell a trace that does not match without reading its row.
 */
const SINCE_3 = `
CREATE TABLE block_time(block INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE INDEX trace_route ON trace(route, start, duration, errors, services);
CREATE INDEX trace_error ON trace(start, duration, services) WHERE errors > 0;
CREATE INDEX trace_slow ON trace(start, duration, services) WHERE duration >= 1000000;
`;

// The numbers are places in `MEASURES`.
const FROM_1 = `
ALTER TABLE trace ADD COLUMN browser INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trace ADD COLUMN country INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trace ADD COLUMN release INTEGER NOT NULL DEFAULT 0;
${SINCE_2}
INSERT INTO vital(measure, trace, value, target) SELECT 1, id, lcp, 0 FROM trace WHERE lcp IS NOT NULL;
INSERT INTO vital(measure, trace, value, target) SELECT 2, id, inp, 0 FROM trace WHERE inp IS NOT NULL;
INSERT INTO vital(measure, trace, value, target) SELECT 3, id, cls, 0 FROM trace WHERE cls IS NOT NULL;
INSERT INTO vital(measure, trace, value, target) SELECT 4, id, fcp, 0 FROM trace WHERE fcp IS NOT NULL;
INSERT INTO vital(measure, trace, value, target) SELECT 5, id, ttfb, 0 FROM trace WHERE ttfb IS NOT NULL;
INSERT OR IGNORE INTO counted(service, route) SELECT DISTINCT service, route FROM rollup;
`;

const FROM_2 = `
DROP INDEX trace_route;
DROP INDEX trace_error;
DROP INDEX trace_slow;
${SINCE_3}
INSERT INTO block_time(block, first, last)
SELECT place / ${SLOTS_PER_BLOCK}, min(start), max(start) FROM (
  SELECT place, start FROM trace
  UNION ALL SELECT fragment.place, trace.start FROM fragment JOIN trace ON trace.id = fragment.trace
) GROUP BY place / ${SLOTS_PER_BLOCK};
`;

/** Makes an empty database a part whose times count from `baseUs`; all of it or nothing. */
export function createPart(driver: SqlDriver, baseUs: number): void {
  driver.transaction(() => {
    driver.exec(SCHEMA);
    driver.exec(SINCE_2);
    driver.exec(SINCE_3);
    driver.run('INSERT INTO total(base_us, traces, spans, logs) VALUES(?, 0, 0, 0)', [baseUs]);
  });
}

/**
 * Brings a part of an older version to this one; to be called in a transaction. Traces that were there keep '' for what was not
 * asked of them then, and their blocks are read where newer ones are skipped by their filter.
 */
export function migratePart(driver: SqlDriver, fromVersion: number): void {
  if (fromVersion < 2) driver.exec(FROM_1);
  if (fromVersion < 3) driver.exec(FROM_2);
}
