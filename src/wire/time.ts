/** Milliseconds since the Unix epoch, fractions allowed (a double keeps about 0.2 µs today). */
export type EpochMs = number;
/** Nanoseconds since the Unix epoch as a decimal string, the form OTLP/JSON uses for `fixed64`. */
export type UnixNano = string;

/**
 * Epoch milliseconds as OTLP nanoseconds, without BigInt (slow, and absent from the page's budget).
 * Values that are not finite or are negative become `"0"`, OTLP's "unknown".
 */
export function msToUnixNano(ms: EpochMs): UnixNano {
  if (!(ms > 0) || !Number.isFinite(ms)) return '0';
  // Most are whole, and `toFixed` takes longer.
  if (Number.isInteger(ms)) return `${ms}000000`;
  return ms
    .toFixed(6)
    .replace('.', '')
    .replace(/^0+(?=\d)/, '');
}

/** OTLP nanoseconds as epoch milliseconds; `undefined` when it is no non-negative decimal integer. */
export function unixNanoToMs(nanos: unknown): EpochMs | undefined {
  const text = typeof nanos === 'number' ? String(nanos) : nanos;
  if (typeof text !== 'string' || !/^\d{1,20}$/.test(text)) return undefined;
  if (text.length <= 6) return Number(text) / 1e6;
  return Number(text.slice(0, -6)) + Number(text.slice(-6)) / 1e6;
}

/** `endNano - startNano` in milliseconds, exact to the nanosecond up to 104 days. */
export function durationMs(startNano: UnixNano, endNano: UnixNano): number {
  const width = Math.max(startNano.length, endNano.length);
  const start = startNano.padStart(width, '0');
  const end = endNano.padStart(width, '0');
  const split = Math.max(0, width - 9);
  const seconds = Number(end.slice(0, split) || 0) - Number(start.slice(0, split) || 0);
  return (seconds * 1e9 + Number(end.slice(split)) - Number(start.slice(split))) / 1e6;
}
