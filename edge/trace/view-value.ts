import type { OtlpAnyValue, OtlpKeyValue } from '../../src/wire/otlp.ts';
import type { ViewAttributes, ViewValue } from './trace-view.ts';

/** Attributes as plain values; of a key that is there twice the last counts. Null-prototype: keys are foreign input. */
export function toViewAttributes(attributes: readonly OtlpKeyValue[] | undefined): ViewAttributes {
  const view: ViewAttributes = Object.create(null);
  if (attributes) for (const { key, value } of attributes) view[key] = toViewValue(value);
  return view;
}

/** One plain value. Recursion is bounded by the depth the codec lets a value have. */
export function toViewValue(value: OtlpAnyValue | undefined): ViewValue {
  if (value === undefined) return null;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : String(value.intValue);
  }
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toViewValue);
  if (value.kvlistValue !== undefined) return toViewAttributes(value.kvlistValue.values);
  return value.bytesValue ?? null;
}
