import type { TraceFilter } from '../../store/trace-store.ts';
import { InvalidQueryError } from './invalid-query.ts';

const TEXTS = ['service', 'route', 'name', 'activity', 'sessionId', 'userId', 'cursor'] as const;
const NUMBERS = ['minDurationMs', 'maxDurationMs', 'fromMs', 'toMs', 'updatedAfterMs', 'limit'] as const;
const NUMBER = /^\d{1,16}(?:\.\d{1,9})?$/;

/**
 * The filter in the query of `GET /api/traces`. Empty parameters count as absent, so that a form can be sent as it is;
 * unknown ones are ignored.
 * @throws {InvalidQueryError}
 */
export function parseTraceFilter(query: (name: string) => string | undefined): TraceFilter {
  const filter: TraceFilter = {};
  for (const name of TEXTS) {
    const value = query(name);
    if (value) filter[name] = value;
  }
  for (const name of NUMBERS) {
    const value = query(name);
    if (!value) continue;
    if (!NUMBER.test(value)) throw new InvalidQueryError(`${name} must be a number that is not negative.`);
    filter[name] = Number(value);
  }
  const { limit } = filter;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1 || limit > 500))
    throw new InvalidQueryError('limit must be a whole number from 1 to 500.');
  const error = query('error');
  if (error && error !== 'true' && error !== 'false') throw new InvalidQueryError('error must be true or false.');
  if (error) filter.error = error === 'true';
  return filter;
}
