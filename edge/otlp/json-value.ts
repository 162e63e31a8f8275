import type { OtlpAnyValue, OtlpKeyValue } from '../../src/wire/otlp.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

/** Arrays and maps inside an attribute value. One more would not fit MAX_BODY_DEPTH when the trace is exported as JSON. */
export const MAX_VALUE_DEPTH = 6;

export type JsonObject = { readonly [key: string]: unknown };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Canonical key-values of a JSON array, `[]` for null and absent; `undefined` when one of them breaks the schema. */
export function parseKeyValues(raw: unknown, depth = 0): OtlpKeyValue[] | undefined {
  if (raw === null || raw === undefined) return [];
  if (!Array.isArray(raw)) return undefined;
  const parsed: OtlpKeyValue[] = new Array(raw.length);
  for (let i = 0; i < raw.length; i++) {
    const item: unknown = raw[i];
    if (!isJsonObject(item) || typeof item.key !== 'string') return undefined;
    const value = parseAnyValue(item.value, depth);
    if (value === undefined) return undefined;
    parsed[i] = { key: item.key, value };
  }
  return parsed;
}

/**
 * One canonical attribute value: of several fields of the union the first in schema order counts, null is unset.
 * Recursion is bounded by MAX_VALUE_DEPTH, whatever the input.
 */
export function parseAnyValue(raw: unknown, depth: number): OtlpAnyValue | undefined {
  if (raw === null || raw === undefined) return {};
  if (!isJsonObject(raw)) return undefined;
  if (isSet(raw.stringValue)) return typeof raw.stringValue === 'string' ? { stringValue: raw.stringValue } : undefined;
  if (isSet(raw.boolValue)) return typeof raw.boolValue === 'boolean' ? { boolValue: raw.boolValue } : undefined;
  if (isSet(raw.intValue)) return parseInteger(raw.intValue);
  if (isSet(raw.doubleValue)) return parseDouble(raw.doubleValue);
  if (isSet(raw.arrayValue)) return parseArray(raw.arrayValue, depth);
  if (isSet(raw.kvlistValue)) {
    if (depth >= MAX_VALUE_DEPTH || !isJsonObject(raw.kvlistValue)) return undefined;
    const values = parseKeyValues(raw.kvlistValue.values, depth + 1);
    return values && { kvlistValue: { values } };
  }
  if (isSet(raw.bytesValue)) {
    const bytes = typeof raw.bytesValue === 'string' ? decodeBase64(raw.bytesValue) : undefined;
    return bytes && { bytesValue: encodeBase64(bytes) };
  }
  return {};
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function parseArray(raw: unknown, depth: number): OtlpAnyValue | undefined {
  if (depth >= MAX_VALUE_DEPTH || !isJsonObject(raw)) return undefined;
  const items = raw.values ?? [];
  if (!Array.isArray(items)) return undefined;
  const values: OtlpAnyValue[] = new Array(items.length);
  for (let i = 0; i < items.length; i++) {
    const value = parseAnyValue(items[i], depth + 1);
    if (value === undefined) return undefined;
    values[i] = value;
  }
  return { arrayValue: { values } };
}

const INTEGER = /^-?\d{1,19}$/;
const MAX_INT64 = 9223372036854775807n;

function parseInteger(raw: unknown): OtlpAnyValue | undefined {
  if (typeof raw === 'number' && Number.isSafeInteger(raw)) return { intValue: String(raw + 0) };
  const text = typeof raw === 'number' ? String(raw) : raw;
  if (typeof text !== 'string' || !INTEGER.test(text)) return undefined;
  if (text.length <= 15) return { intValue: String(Number(text) + 0) };
  const value = BigInt(text);
  return value > MAX_INT64 || value < -MAX_INT64 - 1n ? undefined : { intValue: String(value) };
}

const DOUBLE = /^-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?$/;

function parseDouble(raw: unknown): OtlpAnyValue | undefined {
  if (typeof raw === 'string' && !DOUBLE.test(raw))
    return raw === 'NaN' || raw === 'Infinity' || raw === '-Infinity' ? { doubleValue: raw } : undefined;
  return typeof raw === 'number' || typeof raw === 'string' ? { doubleValue: canonicalDouble(Number(raw)) } : undefined;
}

/** What JSON can hold as a number stays one; NaN and the infinities are proto3 JSON's strings. */
export function canonicalDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
