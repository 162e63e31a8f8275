import { ATTR_SERVICE_NAME } from '../../../../src/wire/names.ts';
import type { OtlpKeyValue } from '../../../../src/wire/otlp.ts';
import { encodeValue } from '../../../../src/wire/otlp.ts';
import type { TraceFilter, TraceStore } from '../../../store/trace-store.ts';
import { findTraces } from '../find-traces.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import type { QueryReader } from '../query-values.ts';
import type { SpanContext, TraceContext } from '../span-context.ts';
import type { Expression, Field, TraceQuery } from '../traceql/expression.ts';
import { matchesSpan, readField, toTraceFilter } from '../traceql/match-span.ts';
import { parseTraceql } from '../traceql/parse-traceql.ts';
import { parseDurationMs, unquote } from '../traceql/tokenize.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 500;
const DEFAULT_SPANS_PER_SPANSET = 3;
const MAX_SPANS_PER_SPANSET = 100;

/** `GET /api/search` of Tempo: TraceQL in `q`, or `tags`, `minDuration` and `maxDuration`; times in Unix seconds. */
export async function searchTempo(store: TraceStore, query: QueryReader): Promise<object> {
  const { expression, selected } = parseQuery(query);
  const filter = { ...toTraceFilter(expression), ...timeRange(query) };
  const limit = wholeNumber(query, 'limit', DEFAULT_LIMIT, MAX_LIMIT);
  const spansShown = wholeNumber(query, 'spss', DEFAULT_SPANS_PER_SPANSET, MAX_SPANS_PER_SPANSET);
  const found = await findTraces(store, {
    filter,
    limit,
    match: ({ spans }) => {
      const matched = spans.filter((span) => matchesSpan(expression, span));
      return matched.length > 0 ? matched : undefined;
    },
  });
  const fields = [...fieldsOf(expression), ...selected];
  return {
    traces: found.traces.map(({ trace, match }) => toResult(trace, match, { spansShown, fields })),
    metrics: { inspectedTraces: found.inspected, completedJobs: 1, totalJobs: 1 },
  };
}

function parseQuery(query: QueryReader): TraceQuery {
  const q = query('q')?.trim();
  if (q) return parseTraceql(q);
  const expressions: Expression[] = parseTags(query('tags') ?? '');
  for (const [name, operator] of [
    ['minDuration', '>='],
    ['maxDuration', '<='],
  ] as const) {
    const text = query(name);
    if (!text) continue;
    const value = parseDurationMs(text);
    if (Number.isNaN(value)) throw new InvalidQueryError(`${name} must be a duration like 100ms or 1.5s.`);
    const field: Field = { scope: 'intrinsic', name: 'traceDuration' };
    expressions.push({ type: 'compare', field, operator, literal: { type: 'duration', value } });
  }
  const all: Expression = { type: 'constant', value: true };
  return { expression: expressions.reduce((left, right) => ({ type: 'and', left, right }), all), selected: [] };
}

// logfmt: key=value key="a value"
function parseTags(tags: string): Expression[] {
  const expressions: Expression[] = [];
  for (const [, key, value] of tags.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)/g)) {
    const text = value?.startsWith('"') ? unquote(value) : (value ?? '');
    const field: Field = key === 'name' ? { scope: 'intrinsic', name: 'name' } : { scope: 'any', name: key as string };
    const literal = { type: 'pattern', value: new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`) } as const;
    expressions.push({ type: 'compare', field, operator: '=~', literal });
  }
  return expressions;
}

/** `start` and `end` in Unix seconds, as a filter on the trace's start. */
export function timeRange(query: QueryReader): TraceFilter {
  const filter: TraceFilter = {};
  const start = unixSeconds(query, 'start');
  const end = unixSeconds(query, 'end');
  if (start) filter.fromMs = start * 1000;
  if (end) filter.toMs = end * 1000;
  return filter;
}

function unixSeconds(query: QueryReader, name: string): number | undefined {
  const text = query(name);
  if (!text) return undefined;
  if (!/^\d{1,11}(\.\d{1,9})?$/.test(text)) throw new InvalidQueryError(`${name} must be a time in Unix seconds.`);
  return Number(text);
}

function wholeNumber(query: QueryReader, name: string, otherwise: number, max: number): number {
  const text = query(name);
  if (!text) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new InvalidQueryError(`${name} must be a whole number.`);
  return Math.min(Number(text) || otherwise, max);
}

function toResult(
  trace: TraceContext,
  matched: readonly SpanContext[],
  options: { spansShown: number; fields: readonly Field[] },
): object {
  const spans = matched.slice(0, options.spansShown).map((context) => {
    const { span } = context.record;
    return {
      spanID: span.spanId,
      name: span.name,
      startTimeUnixNano: span.startTimeUnixNano,
      durationNanos: String(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)),
      attributes: attributesOf(context, options.fields),
    };
  });
  const spanSet = { spans, matched: matched.length };
  return {
    traceID: trace.traceId,
    rootServiceName: trace.root?.service ?? '',
    rootTraceName: trace.root?.record.span.name ?? '',
    startTimeUnixNano: trace.startTimeUnixNano,
    durationMs: Math.floor(trace.durationMs),
    spanSet,
    spanSets: [spanSet],
  };
}

// What the query speaks of is shown as columns beside each span.
function attributesOf(span: SpanContext, fields: readonly Field[]): OtlpKeyValue[] {
  const attributes = new Map<string, OtlpKeyValue>();
  for (const field of [{ scope: 'resource', name: ATTR_SERVICE_NAME } as const, ...fields]) {
    if (field.scope === 'intrinsic' && (field.name === 'name' || field.name === 'duration')) continue;
    const value = encodeValue(readField(field, span));
    if (value) attributes.set(field.name, { key: field.name, value });
  }
  return [...attributes.values()];
}

function fieldsOf(expression: Expression): Field[] {
  switch (expression.type) {
    case 'and':
    case 'or':
      return [...fieldsOf(expression.left), ...fieldsOf(expression.right)];
    case 'not':
      return fieldsOf(expression.operand);
    case 'compare':
      return [expression.field];
    case 'constant':
      return [];
  }
}
