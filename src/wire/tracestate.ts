/** The members of a `tracestate` header in order, left (newest) first. Values are opaque. */
export type TraceStateMembers = ReadonlyArray<readonly [key: string, value: string]>;

const MAX_MEMBERS = 32;
const MAX_HEADER_CHARS = 16_384;
/** Trace Context 3.3.1.5: propagate at least this much; beyond it, long members go first. */
const PROPAGATE_CHARS = 512;
const LONG_MEMBER_CHARS = 128;
// Level 2, 3.3.1.3: the key grammar without the old tenant@vendor split; values are printable ASCII but , and =.
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * Parses a `tracestate` header value (several lines joined by commas) by W3C Trace Context level 2.
 * @returns the members, first one of a duplicated key only; `undefined` when any member breaks the grammar or there are
 * more than 32: then the whole header is discarded, and `traceparent` stays valid.
 */
export function parseTracestate(header: string | null | undefined): TraceStateMembers | undefined {
  if (!header) return [];
  if (header.length > MAX_HEADER_CHARS) return undefined;
  const members = new Map<string, string>();
  let count = 0;
  for (const part of header.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    count += 1;
    if (count > MAX_MEMBERS) return undefined;
    const equals = member.indexOf('=');
    const key = member.slice(0, equals);
    const value = member.slice(equals + 1);
    if (equals < 1 || !KEY.test(key) || !VALUE.test(value)) return undefined;
    if (!members.has(key)) members.set(key, value);
  }
  return [...members];
}

/** The header value, cut to what must be propagated: members over 128 characters go first, then from the right. */
export function formatTracestate(members: TraceStateMembers): string {
  const kept = members.slice(0, MAX_MEMBERS).map(([key, value]) => `${key}=${value}`);
  for (const minChars of [LONG_MEMBER_CHARS + 1, 0])
    for (let i = kept.length - 1; i >= 0 && kept.join().length > PROPAGATE_CHARS; i--)
      if ((kept[i] as string).length >= minChars) kept.splice(i, 1);
  return kept.join();
}

/** `members` with `key` set to `value` at the left end, or removed when `value` is `undefined`. */
export function withMember(members: TraceStateMembers, key: string, value: string | undefined): TraceStateMembers {
  const others = members.filter(([existing]) => existing !== key);
  return value === undefined ? others : [[key, value], ...others];
}
