import { MAX_ATTRIBUTE_CHARS, MAX_SPAN_ATTRIBUTES, MAX_STACK_CHARS } from '../../src/wire/limits.ts';
import { ATTR_EXCEPTION_STACKTRACE } from '../../src/wire/names.ts';
import { Limited } from './limited.ts';

/** Attributes, cut to the limits; what OTLP cannot hold is left out. */
export class LimitedAttributes extends Limited {
  set(key: string, value: unknown): void {
    const encoded = encodeValue(value, key === ATTR_EXCEPTION_STACKTRACE ? MAX_STACK_CHARS : MAX_ATTRIBUTE_CHARS);
    if (encoded && key) this.put(key, `{"key":${JSON.stringify(key)},"value":{${encoded}}}`);
  }

  setAll(attributes: object | undefined): this {
    for (const key in attributes) this.set(key, attributes[key as keyof typeof attributes]);
    return this;
  }
}

/** The one field of an `AnyValue` as JSON. */
function encodeValue(value: unknown, maxChars: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return `"stringValue":${JSON.stringify(value.slice(0, maxChars))}`;
    case 'boolean':
      return `"boolValue":${value}`;
    case 'number':
      // OTLP decoders take a number for a 64-bit integer; safe ones lose nothing.
      if (Number.isSafeInteger(value)) return `"intValue":${value}`;
      return `"doubleValue":${Number.isFinite(value) ? value : `"${value}"`}`;
  }
  if (!Array.isArray(value)) return undefined;
  const values = Array.from(value.slice(0, MAX_SPAN_ATTRIBUTES), (item) => `{${encodeValue(item, maxChars) ?? ''}}`);
  return `"arrayValue":{"values":[${values.join()}]}`;
}
