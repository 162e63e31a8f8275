import type { ViewValue } from '../../../trace/trace-view.ts';
import type { Catalog } from '../catalog.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import type { QueryReader } from '../query-values.ts';
import type { SpanContext } from '../span-context.ts';
import { type Expression, INTRINSICS } from '../traceql/expression.ts';
import { matchesSpan, readField, toTraceFilter } from '../traceql/match-span.ts';
import { parseTraceql } from '../traceql/parse-traceql.ts';
import { timeRange } from './tempo-search.ts';

const TYPES: Record<string, string> = { string: 'string', number: 'float', boolean: 'bool' };
const KEYWORD_TAGS: ReadonlySet<string> = new Set(['status', 'kind', 'span:status', 'span:kind']);

/**
 * The values of a tag, most frequent first: in the spans of `q` (a spanset; one that is not understood yet, because it is being
 * typed, asks for all), and of `start` to `end` in Unix seconds.
 * @param encodedTag Grafana encodes it twice; a name may hold a quoted part
 * @throws {InvalidQueryError} when it is no tag
 */
export async function tempoTagValues(
  catalog: Catalog,
  encodedTag: string,
  query: QueryReader,
): Promise<Array<{ type: string; value: string }>> {
  const tag = decodeTwice(encodedTag);
  const { expression } = parseTraceql(`{ ${fieldText(tag)} != nil }`);
  if (expression.type !== 'compare') throw new InvalidQueryError('The tag is no attribute and no intrinsic.');
  const { field } = expression;
  const range = timeRange(query);
  const wanted = parseSpanset(query('q'));
  const key = JSON.stringify([field, range, wanted]);
  const read = (span: SpanContext): ViewValue | undefined =>
    wanted && !matchesSpan(wanted, span) ? undefined : readField(field, span);
  const values = await catalog.values(key, read, { ...(wanted && toTraceFilter(wanted)), ...range });
  return values.map((value) => {
    const type = Number.isInteger(value) ? 'int' : (TYPES[typeof value] as string);
    return { type: KEYWORD_TAGS.has(tag) ? 'keyword' : type, value: String(value) };
  });
}

function parseSpanset(q: string | undefined): Expression | undefined {
  if (!q) return undefined;
  try {
    return parseTraceql(q).expression;
  } catch (error) {
    if (error instanceof InvalidQueryError) return undefined;
    throw error;
  }
}

// v1 names attributes without a scope: service.name, not resource.service.name.
function fieldText(tag: string): string {
  const isScoped = /^(\.|span\.|resource\.|\w+:)/.test(tag);
  if (isScoped || (INTRINSICS as readonly string[]).includes(tag)) return tag;
  return `.${JSON.stringify(tag)}`;
}

function decodeTwice(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // expected: it was encoded once and holds a percent sign
  }
}
