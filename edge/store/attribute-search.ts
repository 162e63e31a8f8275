import type { TraceId } from '../../src/wire/ids.ts';
import type { OtlpKeyValue } from '../../src/wire/otlp.ts';
import { attributeText } from './attribute-hash.ts';
import { type Chunk, decodeChunk } from './encoding/chunk.ts';
import { knownWordPlace } from './encoding/known-words.ts';
import type { AttributeCondition } from './trace-store.ts';

/** Conditions, and the bytes that stand in every chunk that can meet them. */
export interface AttributeSearch {
  conditions: readonly AttributeCondition[];
  needles: readonly Buffer[];
}

// What looks like one may be stored as a number or a boolean.
const NOT_ONLY_TEXT = /^(?:-?[\d.]+(?:e[+-]?\d+)?|true|false|NaN|-?Infinity)$/i;

export function createAttributeSearch(conditions: readonly AttributeCondition[]): AttributeSearch {
  const texts = conditions.flatMap(({ key, value }) => [
    ...(knownWordPlace(key) === undefined ? [key] : []),
    ...(value !== undefined && knownWordPlace(value) === undefined && !NOT_ONLY_TEXT.test(value) ? [value] : []),
  ]);
  const needles = texts.filter((text) => text !== '').map((text) => Buffer.from(text));
  return { conditions, needles };
}

/**
 * True when a span or log record in the chunks meets all conditions, on itself or its resource.
 * @param chunks asked for when there are conditions
 */
export function meetsAttributes(
  search: AttributeSearch,
  traceId: TraceId | '',
  chunks: () => Iterable<Chunk>,
): boolean {
  if (search.conditions.length === 0) return true;
  for (const chunk of chunks()) if (holdsAttributes(chunk, traceId, search)) return true;
  return false;
}

function holdsAttributes(chunk: Chunk, traceId: TraceId | '', search: AttributeSearch): boolean {
  // Finding bytes is a hundred times faster than decoding, and few chunks have them.
  if (!search.needles.every((needle) => chunk.body.includes(needle))) return false;
  const { spans, logs } = decodeChunk(chunk, traceId);
  const meets = (own: readonly OtlpKeyValue[] | undefined, resource: readonly OtlpKeyValue[]): boolean =>
    search.conditions.every((condition) => has(own ?? [], condition) || has(resource, condition));
  return (
    spans.some(({ span, resource }) => meets(span.attributes, resource.attributes)) ||
    logs.some(({ log, resource }) => meets(log.attributes, resource.attributes))
  );
}

function has(attributes: readonly OtlpKeyValue[], { key, value }: AttributeCondition): boolean {
  return attributes.some((attribute) => {
    if (attribute.key !== key) return false;
    const members = attribute.value?.arrayValue?.values ?? [attribute.value];
    return value === undefined || members.some((member) => attributeText(member) === value);
  });
}
