import type {
  AttributeCondition,
  SessionFilter,
  StatisticsGroup,
  StatisticsQuery,
  TraceFilter,
} from '../../store/trace-store.ts';
import { InvalidQueryError } from './invalid-query.ts';
import { present, type QueryReader, readBoolean, readLimit, readNumber } from './query-values.ts';

/** The filter in the query of `GET /api/traces`; unknown parameters are ignored. @throws {InvalidQueryError} */
export function parseTraceFilter(query: QueryReader, attributes: readonly string[] = []): TraceFilter {
  const text = (name: string) => query(name) || undefined;
  return present({
    service: text('service'),
    route: text('route'),
    name: text('name'),
    activity: text('activity'),
    browser: text('browser'),
    device: text('device'),
    country: text('country')?.toUpperCase(),
    release: text('release'),
    sessionId: text('sessionId'),
    userId: text('userId'),
    cursor: text('cursor'),
    minDurationMs: readNumber(query, 'minDurationMs'),
    maxDurationMs: readNumber(query, 'maxDurationMs'),
    fromMs: readNumber(query, 'fromMs'),
    toMs: readNumber(query, 'toMs'),
    updatedAfterMs: readNumber(query, 'updatedAfterMs'),
    limit: readLimit(query, 500),
    error: readBoolean(query, 'error'),
    attributes: attributes.length > 0 ? attributes.map(parseAttribute) : undefined,
  });
}

function parseAttribute(text: string): AttributeCondition {
  const equals = text.indexOf('=');
  if (equals === 0 || text === '')
    throw new InvalidQueryError(
      'attribute must be like http.route=/cart, or http.route alone; it may come several times.',
    );
  if (equals < 0) return { key: text };
  return { key: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** The filter in the query of `GET /api/sessions`. @throws {InvalidQueryError} */
export function parseSessionFilter(query: QueryReader): SessionFilter {
  return present({
    fromMs: readNumber(query, 'fromMs'),
    toMs: readNumber(query, 'toMs'),
    userId: query('userId') || undefined,
    service: query('service') || undefined,
    error: readBoolean(query, 'error'),
    limit: readLimit(query, 500),
  });
}

export const MEASURES = ['requests', 'roots', 'served', 'lcp', 'inp', 'cls', 'fcp', 'ttfb'] as const;
export const GROUPS = ['hour', 'service', 'route', 'device', 'browser', 'country', 'release', 'target'] as const;

/** The query of `GET /api/statistics`; without times, the last 24 hours. @throws {InvalidQueryError} */
export function parseStatisticsQuery(query: QueryReader, nowMs: number): StatisticsQuery {
  const measure = MEASURES.find((known) => known === (query('measure') || 'requests'));
  if (!measure) throw new InvalidQueryError(`measure must be one of ${MEASURES.join(', ')}.`);
  const toMs = readNumber(query, 'toMs') ?? nowMs;
  const optional = present({
    service: query('service') || undefined,
    route: query('route') || undefined,
    device: query('device') || undefined,
    browser: query('browser') || undefined,
    country: query('country')?.toUpperCase() || undefined,
    release: query('release') || undefined,
    target: query('target') || undefined,
    everyHours: readNumber(query, 'everyHours'),
    limit: readLimit(query, 1000),
  });
  return {
    measure,
    toMs,
    fromMs: readNumber(query, 'fromMs') ?? toMs - DAY_MS,
    by: parseGroups(query('by')),
    ...optional,
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

function parseGroups(text: string | undefined): StatisticsGroup[] {
  const names = text?.split(',').filter(Boolean) ?? [];
  return names.map((name) => {
    const group = GROUPS.find((known) => known === name);
    if (!group) throw new InvalidQueryError(`by must be a list of ${GROUPS.join(', ')}, separated by commas.`);
    return group;
  });
}
