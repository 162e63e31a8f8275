import { ATTR_HTTP_ROUTE, ATTR_SERVICE_NAME, ATTR_URL_TEMPLATE } from '../../../../src/wire/names.ts';
import type { Measure } from '../../../store/trace-store.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import type { Expression, Field, Intrinsic, Literal, MetricsQuery, Operator } from './expression.ts';

/** What a store's statistics are asked for a TraceQL metrics query. */
export interface RequestMetrics {
  measure: Extract<Measure, 'roots' | 'served'>;
  service?: string;
  route?: string;
  /** Only failed requests, or only those that did not fail; `undefined` for all. */
  failed?: boolean;
  /** The fields of `by (…)` as they were written, and the group each stands for. */
  by: { label: string; group: 'service' | 'route' }[];
}

const WHAT_IS_COUNTED =
  'TraceQL: what is summed up by the hour are root spans, { nestedSetParent < 0 }, and served requests, { kind = server }; ' +
  'add one of them with &&, and beside it at most resource.service.name, span.http.route or span.url.template with "=", and status = error.';

/**
 * Reads a metrics query as one that sums by the hour answer exactly.
 * @throws {InvalidQueryError} for every other query, saying what can be asked
 */
export function toRequestMetrics({ expression, metric, by }: MetricsQuery): RequestMetrics {
  const asked: Partial<RequestMetrics> = {};
  for (const condition of conditionsOf(expression)) readCondition(condition, asked);
  const { measure } = asked;
  if (!measure) throw new InvalidQueryError(WHAT_IS_COUNTED);
  if (asked.failed !== undefined && metric.name !== 'rate')
    throw new InvalidQueryError('TraceQL: durations are summed up of all requests: leave status out.');
  const groups = by.map(({ field, text }) => {
    const group = groupOf(field, measure);
    if (!group)
      throw new InvalidQueryError(
        `TraceQL: "by" takes resource.service.name, span.http.route and span.url.template here, not ${text}.`,
      );
    return { label: text, group };
  });
  return { ...asked, measure, by: groups };
}

// The parser bounds how deep this goes.
function conditionsOf(expression: Expression): Expression[] {
  if (expression.type !== 'and') return [expression];
  return [...conditionsOf(expression.left), ...conditionsOf(expression.right)];
}

function readCondition(condition: Expression, asked: Partial<RequestMetrics>): void {
  if (condition.type === 'constant' && condition.value) return;
  if (condition.type !== 'compare') throw new InvalidQueryError(WHAT_IS_COUNTED);
  const { field, operator, literal } = condition;
  const group = operator === '=' && literal.type === 'string' ? groupOf(field, 'roots') : undefined;
  if (group && literal.type === 'string') set(asked, group, literal.value);
  else if (isRootCondition(field, operator, literal)) set(asked, 'measure', 'roots');
  else if (isKeyword(field, literal, 'kind', 'server') && operator === '=') set(asked, 'measure', 'served');
  else if (isKeyword(field, literal, 'status', 'error') && (operator === '=' || operator === '!='))
    set(asked, 'failed', operator === '=');
  else throw new InvalidQueryError(WHAT_IS_COUNTED);
}

// Root spans have no parent: -1 in Tempo's numbering, which its tools compare with 0.
function isRootCondition(field: Field, operator: Operator, literal: Literal): boolean {
  if (field.scope !== 'intrinsic' || field.name !== 'nestedSetParent' || literal.type !== 'number') return false;
  return operator === '<' ? literal.value === 0 : operator === '=' && literal.value === -1;
}

function isKeyword(field: Field, literal: Literal, name: Intrinsic, keyword: string): boolean {
  return field.scope === 'intrinsic' && field.name === name && literal.type === 'keyword' && literal.value === keyword;
}

function set<K extends keyof RequestMetrics>(asked: Partial<RequestMetrics>, key: K, value: RequestMetrics[K]): void {
  // Two values at once are never true of one span.
  if (asked[key] !== undefined && asked[key] !== value) throw new InvalidQueryError(WHAT_IS_COUNTED);
  asked[key] = value;
}

function groupOf(field: Field, measure: 'roots' | 'served'): 'service' | 'route' | undefined {
  if (field.scope === 'intrinsic')
    return field.name === 'rootServiceName' && measure === 'roots' ? 'service' : undefined;
  if (field.name === ATTR_SERVICE_NAME && field.scope !== 'span') return 'service';
  const isRoute = field.name === ATTR_HTTP_ROUTE || field.name === ATTR_URL_TEMPLATE;
  return isRoute && field.scope !== 'resource' ? 'route' : undefined;
}
