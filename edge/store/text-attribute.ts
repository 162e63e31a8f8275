import type { OtlpKeyValue } from '../../src/wire/otlp.ts';

/** What a record without attributes has. */
export const NO_ATTRIBUTES: readonly OtlpKeyValue[] = [];

/** The first text under a key. */
export function textAttribute(attributes: readonly OtlpKeyValue[], key: string): string | undefined {
  for (const attribute of attributes) {
    if (attribute.key === key) return attribute.value?.stringValue;
  }
  return undefined;
}
