import { MAX_ATTRIBUTE_CHARS, MAX_SPAN_ATTRIBUTES, MAX_STACK_CHARS } from '../../src/wire/limits.ts';
import { ATTR_EXCEPTION_STACKTRACE } from '../../src/wire/names.ts';

/**
 * Attributes as they are sent: cut to the limits and encoded when they are set. What OTLP cannot hold is left out. Keys are
 * foreign input, so they are kept in a Map.
 */
export class EncodedAttributes {
  readonly #items = new Map<string, string>();
  #dropped = 0;

  has(key: string): boolean {
    return this.#items.has(key);
  }

  set(key: string, value: unknown): void {
    const json = encodeValue(value, key === ATTR_EXCEPTION_STACKTRACE ? MAX_STACK_CHARS : MAX_ATTRIBUTE_CHARS);
    if (!json || !key) return;
    if (this.#items.size < MAX_SPAN_ATTRIBUTES || this.#items.has(key))
      this.#items.set(key, `{"key":${JSON.stringify(key)},"value":${json}}`);
    else this.#dropped += 1;
  }

  setAll(attributes: object | undefined): void {
    for (const key in attributes) this.set(key, attributes[key as keyof typeof attributes]);
  }

  /** The members `attributes` and `droppedAttributesCount` of an object, each with a comma before it, where there are any. */
  toString(): string {
    return listJson('attributes', [...this.#items.values()], 'droppedAttributesCount', this.#dropped);
  }
}

/** Encoded items as the member `name`, and how many more there were; nothing of what is empty. */
export function listJson(name: string, items: readonly string[], droppedName: string, dropped: number): string {
  return (items.length > 0 ? `,"${name}":[${items}]` : '') + (dropped ? `,"${droppedName}":${dropped}` : '');
}

function encodeValue(value: unknown, maxChars: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return `{"stringValue":${JSON.stringify(value.slice(0, maxChars))}}`;
    case 'boolean':
      return `{"boolValue":${value}}`;
    case 'number':
      // OTLP decoders take a number for a 64-bit integer; safe ones lose nothing.
      if (Number.isSafeInteger(value)) return `{"intValue":${value}}`;
      return `{"doubleValue":${Number.isFinite(value) ? value : `"${value}"`}}`;
  }
  if (!Array.isArray(value)) return undefined;
  const items = value.slice(0, MAX_SPAN_ATTRIBUTES).map((item) => encodeValue(item, maxChars) ?? '{}');
  return `{"arrayValue":{"values":[${items}]}}`;
}
