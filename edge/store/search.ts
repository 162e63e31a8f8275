import { isTraceId, type TraceId } from '../../src/wire/ids.ts';
import { isBrowser } from '../trace/browser-name.ts';
import { type SummaryState, traceDurationUs, traceName, traceStartUs } from './summary.ts';
import type { AttributeCondition, TraceFilter } from './trace-store.ts';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;

/** A place in a list. Where a page ends, it is the trace the next one starts after. */
export interface Cursor {
  startUs: number;
  traceId: TraceId;
}

/** A filter with its texts read, its times in microseconds and its limit in bounds. */
export interface Search {
  filter: TraceFilter;
  /** Lower case, '' for any. */
  name: string;
  fromUs: number;
  toUs: number;
  minDurationUs: number;
  maxDurationUs: number;
  /** `matches` does not look at them: they need the records. */
  attributes: readonly AttributeCondition[];
  limit: number;
  after: Cursor | undefined;
}

/** A filter no store can answer; the message says which part of it. */
export class InvalidFilterError extends Error {
  override readonly name = 'InvalidFilterError';
}

/** @throws {InvalidFilterError} when the cursor is none that a store gave, or a number is not finite. */
export function createSearch(filter: TraceFilter): Search {
  for (const [key, value] of Object.entries(filter)) {
    if (typeof value === 'number' && Number.isNaN(value)) throw new InvalidFilterError(`${key} is not a number.`);
  }
  const limit = Math.trunc(filter.limit ?? DEFAULT_LIMIT);
  return {
    filter,
    name: filter.name?.toLowerCase() ?? '',
    fromUs: toUs(filter.fromMs, Number.NEGATIVE_INFINITY),
    toUs: toUs(filter.toMs, Number.POSITIVE_INFINITY),
    minDurationUs: toUs(filter.minDurationMs, 0),
    maxDurationUs: toUs(filter.maxDurationMs, Number.POSITIVE_INFINITY),
    attributes: filter.attributes ?? [],
    limit: Math.min(Math.max(limit, 1), MAX_LIMIT),
    after: filter.cursor === undefined ? undefined : parseCursor(filter.cursor),
  };
}

function toUs(ms: number | undefined, absent: number): number {
  return ms === undefined ? absent : Math.round(ms * 1000);
}

export function formatCursor({ startUs, traceId }: Cursor): string {
  return `${startUs}-${traceId}`;
}

function parseCursor(text: string): Cursor {
  const dash = text.indexOf('-');
  const startUs = Number(text.slice(0, dash));
  const traceId = text.slice(dash + 1);
  if (!/^\d{1,16}$/.test(text.slice(0, dash)) || !isTraceId(traceId)) {
    throw new InvalidFilterError(
      'cursor is not one a page of results gave; leave it out to start at the newest trace.',
    );
  }
  return { startUs, traceId };
}

/** Newest start first; equal starts by descending id, so that every store lists alike. */
export function comparePlaces(a: Cursor, b: Cursor): number {
  return b.startUs - a.startUs || (a.traceId < b.traceId ? 1 : a.traceId > b.traceId ? -1 : 0);
}

/** True when every condition of the search holds and the trace lies after its cursor. */
export function matches(state: SummaryState, search: Search): boolean {
  const { filter, after } = search;
  const startUs = traceStartUs(state);
  const durationUs = traceDurationUs(state);
  if (startUs < search.fromUs || startUs > search.toUs) return false;
  if (durationUs < search.minDurationUs || durationUs > search.maxDurationUs) return false;
  if (after && (startUs > after.startUs || (startUs === after.startUs && state.traceId >= after.traceId))) return false;
  return (
    (filter.service === undefined || state.services.includes(filter.service)) &&
    (filter.route === undefined || state.route === filter.route) &&
    (filter.activity === undefined || state.activity === filter.activity) &&
    (filter.browser === undefined || isBrowser(state.browser, filter.browser)) &&
    (filter.device === undefined || state.device === filter.device) &&
    (filter.country === undefined || state.country === filter.country) &&
    (filter.release === undefined || state.release === filter.release) &&
    (filter.error === undefined || state.errors > 0 === filter.error) &&
    (filter.sessionId === undefined || state.sessionId === filter.sessionId) &&
    (filter.userId === undefined || state.userId === filter.userId) &&
    (filter.updatedAfterMs === undefined || state.updatedMs > filter.updatedAfterMs) &&
    (search.name === '' || traceName(state).toLowerCase().includes(search.name))
  );
}
