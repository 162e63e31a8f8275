/** A W3C trace id: 32 lower-case hex digits, never all zero. */
export type TraceId = string;
/** A W3C span id: 16 lower-case hex digits, never all zero. */
export type SpanId = string;

export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

// Drawn ahead in one call, because a call into the platform costs a worker more than the 24 bytes a span needs.
const pool = new Uint8Array(768);
let used = pool.length;

/** Lower-case hex of `byteCount` (at most 768) bytes from the platform's secure generator. */
export function randomHex(byteCount: number): string {
  if (used + byteCount > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let hex = '';
  for (const end = used + byteCount; used < end; used++) hex += HEX[pool[used] as number];
  return hex;
}

/**
 * A new 128-bit trace id. All bits are uniformly random, so the W3C level 2 random flag may be set and the last
 * 56 bits may serve as sampling randomness.
 */
export function createTraceId(): TraceId {
  return nonZero(TRACE_ID_BYTES);
}

/** A new 64-bit span id. */
export function createSpanId(): SpanId {
  return nonZero(SPAN_ID_BYTES);
}

// An all-zero id is invalid (Trace Context 3.2.2.3); it comes up once in 2^64 draws, so drawing again is free.
function nonZero(byteCount: number): string {
  let hex: string;
  do hex = randomHex(byteCount);
  while (isZero(hex));
  return hex;
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** True for 32 lower-case hex digits that are not all zero. */
export function isTraceId(value: unknown): value is TraceId {
  return typeof value === 'string' && TRACE_ID.test(value) && !isZero(value);
}

/** True for 16 lower-case hex digits that are not all zero. */
export function isSpanId(value: unknown): value is SpanId {
  return typeof value === 'string' && SPAN_ID.test(value) && !isZero(value);
}

function isZero(hex: string): boolean {
  return /^0*$/.test(hex);
}
