import type { TraceId } from '../../../src/wire/ids.ts';
import { emptySummary, type SummaryState, traceDurationUs, traceName, traceStartUs } from '../summary.ts';
import { VITAL_NAMES, VITAL_SCALE } from '../web-vital.ts';
import type { SqlRow, SqlValue } from './sql-driver.ts';
import { WORD, type WordReader, type WordWriter } from './words.ts';

const COLUMNS = [
  'start',
  'duration',
  'name',
  'service',
  'name_lag',
  'marks',
  'route',
  'route_lag',
  'services',
  'activity',
  'spans',
  'logs',
  'errors',
  ...VITAL_NAMES,
  'session',
  'person',
  'updated',
  'device',
  'weight',
  'browser',
  'country',
  'release',
];
// What `marks` is made of.
const ROUTE_RANK_BITS = 3;
const HAS_ROOT = 4;
const IS_PAGE_VIEW = 8;

/**
 * Writes a summary over the one that is there, where the trace lies stays. The row's id comes first among the values:
 * asking for it with `RETURNING` costs twice what writing the row does.
 */
export const UPSERT_TRACE = `INSERT INTO trace(id, trace_id, place, ${COLUMNS.join(', ')})
VALUES(?, ?, ?, ${COLUMNS.map(() => '?').join(', ')})
ON CONFLICT(trace_id) DO UPDATE SET ${COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')}`;

export const TRACE_COLUMNS = `trace_id, ${COLUMNS.join(', ')}`;

/** Values of `UPSERT_TRACE` behind the id. */
export function toRow(state: SummaryState, place: number, baseUs: number, words: WordWriter): SqlValue[] {
  const startUs = traceStartUs(state);
  return [
    traceKey(state.traceId),
    place,
    startUs - baseUs,
    traceDurationUs(state),
    words.id(WORD.name, traceName(state)),
    words.id(WORD.service, state.service),
    state.spans > 0 ? state.namedUs - startUs : 0,
    (state.isPageView ? IS_PAGE_VIEW : 0) + (state.hasRoot ? HAS_ROOT : 0) + state.routeRank,
    words.id(WORD.route, state.route),
    state.routeRank > 0 ? state.routedUs - startUs : 0,
    // As JSON, because a service may hold any character.
    words.id(WORD.services, state.services.length === 0 ? '' : JSON.stringify(state.services)),
    words.id(WORD.activity, state.activity),
    state.spans,
    state.logs,
    state.errors,
    ...VITAL_NAMES.map((vital) => {
      const value = state.vitals[vital];
      return value === undefined ? null : Math.round(value * VITAL_SCALE);
    }),
    words.id(WORD.session, state.sessionId),
    words.id(WORD.person, state.userId),
    Math.round(state.updatedMs - baseUs / 1000),
    words.id(WORD.device, state.device),
    // 1, the common case, takes no byte.
    state.weight,
    words.id(WORD.browser, state.browser),
    words.id(WORD.country, state.country),
    words.id(WORD.release, state.release),
  ];
}

export function fromRow(row: SqlRow, baseUs: number, words: WordReader): SummaryState {
  const state = emptySummary(Buffer.from(row.trace_id as Uint8Array).toString('hex'));
  const startUs = Number(row.start) + baseUs;
  const marks = Number(row.marks);
  state.spans = Number(row.spans);
  state.logs = Number(row.logs);
  state.errors = Number(row.errors);
  if (state.spans > 0) {
    state.startUs = startUs;
    state.endUs = startUs + Number(row.duration);
    state.namedUs = startUs + Number(row.name_lag);
  } else state.loggedUs = startUs;
  state.name = words.text(Number(row.name));
  state.service = words.text(Number(row.service));
  state.isPageView = (marks & IS_PAGE_VIEW) !== 0;
  state.hasRoot = (marks & HAS_ROOT) !== 0;
  state.routeRank = marks & ROUTE_RANK_BITS;
  if (state.routeRank > 0) {
    state.route = words.text(Number(row.route));
    state.routedUs = startUs + Number(row.route_lag);
  }
  const services = words.text(Number(row.services));
  state.services = services === '' ? [] : JSON.parse(services);
  state.activity = words.text(Number(row.activity));
  for (const vital of VITAL_NAMES) {
    const value = row[vital];
    if (value !== null && value !== undefined) state.vitals[vital] = Number(value) / VITAL_SCALE;
  }
  state.sessionId = words.text(Number(row.session));
  state.userId = words.text(Number(row.person));
  state.updatedMs = Number(row.updated) + baseUs / 1000;
  state.device = words.text(Number(row.device));
  state.weight = Number(row.weight);
  state.browser = words.text(Number(row.browser));
  state.country = words.text(Number(row.country));
  state.release = words.text(Number(row.release));
  return state;
}

export function traceKey(traceId: TraceId): Buffer {
  return Buffer.from(traceId, 'hex');
}
