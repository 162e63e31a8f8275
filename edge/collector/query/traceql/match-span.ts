import { ATTR_SERVICE_NAME } from '../../../../src/wire/names.ts';
import type { AttributeCondition, TraceFilter } from '../../../store/trace-store.ts';
import type { ViewValue } from '../../../trace/trace-view.ts';
import type { SpanContext } from '../span-context.ts';
import type { Expression, Field, Intrinsic, Literal, Operator } from './expression.ts';

const STATUSES = ['unset', 'ok', 'error'];
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
/** Longer values are matched by their beginning, so that a pattern cannot hold up the process on a megabyte. */
const MAX_MATCHED_CHARS = 2048;

/** Whether a span is in the spanset. Recursion is bounded by the parser. */
export function matchesSpan(expression: Expression, span: SpanContext): boolean {
  switch (expression.type) {
    case 'constant':
      return expression.value;
    case 'and':
      return matchesSpan(expression.left, span) && matchesSpan(expression.right, span);
    case 'or':
      return matchesSpan(expression.left, span) || matchesSpan(expression.right, span);
    case 'not':
      return !matchesSpan(expression.operand, span);
    case 'compare': {
      const value = readField(expression.field, span);
      const { operator, literal } = expression;
      // An array matches by any of its members.
      if (Array.isArray(value)) return value.some((item) => compare(item, operator, literal));
      return compare(value, operator, literal);
    }
  }
}

export function readField(field: Field, span: SpanContext): ViewValue | undefined {
  switch (field.scope) {
    case 'span':
      return span.attributes[field.name];
    case 'resource':
      return span.resource[field.name];
    case 'any':
      return span.attributes[field.name] ?? span.resource[field.name];
    case 'intrinsic':
      return readIntrinsic(field.name, span);
  }
}

function readIntrinsic(name: Intrinsic, { record, trace, durationMs }: SpanContext): ViewValue | undefined {
  const { span, scope } = record;
  switch (name) {
    case 'duration':
      return durationMs;
    case 'name':
      return span.name;
    case 'status':
      return STATUSES[span.status?.code ?? 0];
    case 'statusMessage':
      return span.status?.message ?? '';
    case 'kind':
      return KINDS[span.kind ?? 0];
    case 'rootName':
      return trace.root?.record.span.name;
    case 'rootServiceName':
      return trace.root?.service;
    case 'traceDuration':
      return trace.durationMs;
    case 'nestedSetParent':
      return span.parentSpanId ? 1 : -1;
    case 'spanId':
      return span.spanId;
    case 'traceId':
      return span.traceId;
    case 'scopeName':
      return scope.name;
    case 'scopeVersion':
      return scope.version;
  }
}

function compare(value: ViewValue | undefined, operator: Operator, literal: Literal): boolean {
  const isAbsent = value === undefined || value === null;
  if (literal.type === 'nil') return (operator === '=') === isAbsent;
  // What is not there is neither equal nor different.
  if (isAbsent) return false;
  if (literal.type === 'pattern')
    return literal.value.test(String(value).slice(0, MAX_MATCHED_CHARS)) === (operator === '=~');
  if (typeof value !== typeof literal.value) return operator === '!=';
  switch (operator) {
    case '=':
      return value === literal.value;
    case '!=':
      return value !== literal.value;
    case '>':
      return value > literal.value;
    case '>=':
      return value >= literal.value;
    case '<':
      return value < literal.value;
    case '<=':
      return value <= literal.value;
    default:
      return false;
  }
}

/**
 * What a store can answer of an expression: conditions every match must fulfil, read off its `&&` chain. Never more than
 * the expression says, so that nothing is missed.
 */
export function toTraceFilter(expression: Expression, filter: TraceFilter = {}): TraceFilter {
  if (expression.type === 'and') return toTraceFilter(expression.right, toTraceFilter(expression.left, filter));
  if (expression.type !== 'compare') return filter;
  const { field, operator, literal } = expression;
  const isService = field.name === ATTR_SERVICE_NAME && field.scope !== 'span';
  if (operator === '=' && literal.type === 'string' && (isService || field.name === 'rootServiceName'))
    return { ...filter, service: literal.value };
  if (field.scope !== 'intrinsic') {
    const condition = attributeCondition(field.name, operator, literal);
    return condition ? { ...filter, attributes: [...(filter.attributes ?? []), condition] } : filter;
  }
  if (field.name === 'status' && operator === '=' && literal.type === 'keyword' && literal.value === 'error')
    return { ...filter, error: true };
  if (literal.type !== 'duration') return filter;
  const isLong = operator === '>' || operator === '>=';
  const isShort = operator === '<' || operator === '<=';
  if (isLong && (field.name === 'duration' || field.name === 'traceDuration'))
    return { ...filter, minDurationMs: Math.max(filter.minDurationMs ?? 0, literal.value) };
  if (isShort && field.name === 'traceDuration')
    return { ...filter, maxDurationMs: Math.min(filter.maxDurationMs ?? Number.MAX_SAFE_INTEGER, literal.value) };
  return filter;
}

// Every comparison but that with nil needs the attribute to be there; only equality says with which value.
function attributeCondition(key: string, operator: Operator, literal: Literal): AttributeCondition | undefined {
  if (literal.type === 'nil') return operator === '=' ? undefined : { key };
  const isPlain = literal.type === 'string' || literal.type === 'boolean' || Number.isSafeInteger(literal.value);
  return operator === '=' && isPlain && literal.type !== 'duration' ? { key, value: String(literal.value) } : { key };
}
