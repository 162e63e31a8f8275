import type { UnixNano } from '../../src/wire/time.ts';

const MAX_UINT64 = '18446744073709551615';
const DIGITS = /^\d{1,20}$/;

/**
 * `fixed64` nanoseconds as OTLP/JSON carries them (string, or number from lax senders), in canonical decimal form.
 * @returns `"0"`, OTLP's "unknown", for null and absent; `undefined` for what is no unsigned 64-bit integer.
 */
export function parseUnixNano(value: unknown): UnixNano | undefined {
  if (value === null || value === undefined) return '0';
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !DIGITS.test(text)) return undefined;
  const digits = text.charCodeAt(0) === 0x30 ? text.replace(/^0+(?=\d)/, '') : text;
  return digits.length === 20 && digits > MAX_UINT64 ? undefined : digits;
}

/** Below, at or above zero as `a` is before, at or after `b`; both canonical. */
export function compareUnixNano(a: UnixNano, b: UnixNano): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A little-endian `fixed64` in two halves as a decimal string, exact and without BigInt. */
export function unixNanoOfHalves(low: number, high: number): UnixNano {
  if (high === 0) return String(low);
  // 2^32 = 4294 * 1e6 + 967296, so both partial sums stay below 2^53.
  const rest = high * 967_296 + low;
  const carry = Math.floor(rest / 1e6);
  return String(high * 4294 + carry) + String(rest - carry * 1e6 + 1e6).slice(1);
}

/** The low half of a canonical nanosecond string; `highHalfOf` with the same argument gives the rest. */
export function halvesOfUnixNano(nanos: UnixNano): { low: number; high: number } {
  if (nanos.length < 16) {
    const value = Number(nanos);
    return { low: value >>> 0, high: Math.floor(value / 2 ** 32) };
  }
  const millis = Number(nanos.slice(0, -6));
  // value = millis * 1e6 + rest, divided by 2^32 in steps that stay below 2^53
  const top = Math.floor(millis / 2 ** 16);
  const bottom = (millis % 2 ** 16) * 1e6 + Number(nanos.slice(-6));
  const topProduct = top * 1e6;
  const sum = (topProduct % 2 ** 16) * 2 ** 16 + bottom;
  return { low: sum % 2 ** 32, high: Math.floor(topProduct / 2 ** 16) + Math.floor(sum / 2 ** 32) };
}
