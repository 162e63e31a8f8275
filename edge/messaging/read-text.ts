import { MAX_CONTEXT_FIELD_BYTES } from '../../src/wire/limits.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A header value of a message as text: brokers and clients hand out strings, bytes, or lists of both for a repeated key.
 * @returns `undefined` for anything else, for bytes that are not UTF-8, and beyond 16 KiB
 */
export function readText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length > MAX_CONTEXT_FIELD_BYTES ? undefined : value;
  if (value instanceof Uint8Array) return decode(value);
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_REPEATS) return undefined;
  const parts: string[] = [];
  for (const item of value) {
    const part = Array.isArray(item) ? undefined : readText(item);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  // As header lines are joined: a list stays one, and two `traceparent` become one that is not valid (level 2, 3.2).
  const joined = parts.join(',');
  return joined.length > MAX_CONTEXT_FIELD_BYTES ? undefined : joined;
}

const MAX_REPEATS = 64;

function decode(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > MAX_CONTEXT_FIELD_BYTES) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined; // expected: not UTF-8
  }
}
