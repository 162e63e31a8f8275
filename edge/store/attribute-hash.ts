import {
  ATTR_CLOCK_OFFSET,
  ATTR_RESOURCE_DECODED_BODY_SIZE,
  ATTR_RESOURCE_TRANSFER_SIZE,
} from '../../src/wire/names.ts';
import type { OtlpAnyValue, OtlpKeyValue } from '../../src/wire/otlp.ts';
import type { AttributeCondition } from './trace-store.ts';

// FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
/** Of a longer value only so many bytes count: it is found all the same, among a few more. */
const MAX_VALUE_BYTES = 128;
const MAX_KNOWN_KEYS = 4096;

const keyHashes = new Map<string, number>();

/** Hash of an attribute's key, which also stands for "there is a value under it". */
export function keyHash(key: string): number {
  let hash = keyHashes.get(key);
  if (hash === undefined) {
    hash = ofText(OFFSET_BASIS, key, Number.POSITIVE_INFINITY);
    if (keyHashes.size >= MAX_KNOWN_KEYS) keyHashes.clear();
    keyHashes.set(key, hash);
  }
  return hash;
}

/** Hash of a key and a value's UTF-8 bytes `from` to `to`. */
export function pairHashOfBytes(ofKey: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = Math.imul(ofKey ^ 0xff, PRIME);
  const end = Math.min(to, from + MAX_VALUE_BYTES);
  for (let at = from; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), PRIME);
  return hash >>> 0;
}

/** The same of a value's text. */
export function pairHash(ofKey: number, value: string): number {
  return ofText(Math.imul(ofKey ^ 0xff, PRIME), value, MAX_VALUE_BYTES);
}

function ofText(basis: number, text: string, maxBytes: number): number {
  let hash = basis;
  const end = Math.min(text.length, maxBytes);
  for (let i = 0; i < end; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return ofBytes(basis, text, maxBytes);
    hash = Math.imul(hash ^ code, PRIME);
  }
  return hash >>> 0;
}

function ofBytes(basis: number, text: string, maxBytes: number): number {
  const bytes = Buffer.from(text);
  let hash = basis;
  const end = Math.min(bytes.length, maxBytes);
  for (let at = 0; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), PRIME);
  return hash >>> 0;
}

/** An attribute's value as people write it; `undefined` for lists, maps, bytes and nothing. */
export function attributeText(value: OtlpAnyValue | undefined): string | undefined {
  const plain = value?.stringValue ?? value?.intValue ?? value?.doubleValue ?? value?.boolValue;
  return plain === undefined || plain === null ? undefined : String(plain);
}

/** Keys of measured sizes: their values are all different and nobody looks for one. Their pairs are not hashed. */
export const UNHASHED_KEYS: ReadonlySet<string> = new Set([
  ATTR_RESOURCE_TRANSFER_SIZE,
  ATTR_RESOURCE_DECODED_BODY_SIZE,
  ATTR_CLOCK_OFFSET,
]);

/**
 * Hashes of attributes: one a key, and one a key with its value if that is a text, a boolean or a whole number; of a list,
 * with each of its members. Other numbers are measurements, which nobody looks for by their value.
 */
export function addAttributeHashes(into: Set<number>, attributes: readonly OtlpKeyValue[] | undefined): void {
  if (!attributes) return;
  for (const { key, value } of attributes) {
    const ofKey = keyHash(key);
    into.add(ofKey);
    if (UNHASHED_KEYS.has(key)) continue;
    for (const member of value?.arrayValue?.values ?? [value]) addValueHashes(into, ofKey, member);
  }
}

function addValueHashes(into: Set<number>, ofKey: number, value: OtlpAnyValue | undefined): void {
  const text = attributeText(value);
  if (text === undefined) return;
  if (value?.stringValue === undefined && value?.boolValue === undefined) {
    // A store keeps small integers as numbers, whatever zeros and signs they were sent with.
    const number = Number(text);
    if (!Number.isInteger(number)) return;
    into.add(pairHash(ofKey, String(number)));
  }
  into.add(pairHash(ofKey, text));
}

// Written with a point or an exponent, it may be a number that was not hashed.
const MAY_BE_UNHASHED = /^(?:-?[\d.]+(?:e[+-]?\d+)?|NaN|-?Infinity)$/i;
const WHOLE_NUMBER = /^-?\d+$/;

/** Hashes that every block has which can meet all conditions. */
export function conditionHashes(conditions: readonly AttributeCondition[]): number[] {
  return conditions.map(({ key, value }) => {
    const ofKey = keyHash(key);
    if (value === undefined || UNHASHED_KEYS.has(key)) return ofKey;
    const isHashed = WHOLE_NUMBER.test(value) || !MAY_BE_UNHASHED.test(value);
    return isHashed ? pairHash(ofKey, value) : ofKey;
  });
}
