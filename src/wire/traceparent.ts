import type { SpanId, TraceId } from './ids.ts';

export const TRACEPARENT = 'traceparent';
export const TRACESTATE = 'tracestate';

/** Bit 0 of the trace flags: the caller may have recorded its span. */
export const FLAG_SAMPLED = 0x01;
/** Bit 1 of the trace flags (Trace Context level 2): the right-most 7 bytes of the trace id are random. */
export const FLAG_RANDOM = 0x02;
const KNOWN_FLAGS = FLAG_SAMPLED | FLAG_RANDOM;

/** What a `traceparent` header says. */
export interface TraceParent {
  traceId: TraceId;
  /** The id of the caller's span; the parent of what we start. */
  spanId: SpanId;
  /** Only the sampled and the random bit; the others are unknown and dropped (level 2, 3.2.2.5). */
  flags: number;
}

// Not of version ff, and in version 00 nothing may follow the 55 characters it knows.
const HEADER =
  /^[ \t]*(?!ff|00.{53}-)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?[ \t]*$/;
const MAX_CHARS = 512;

/**
 * Parses a `traceparent` header value by W3C Trace Context level 2.
 *
 * Optional white space around the value is tolerated; a value joined from two header lines (`a, b`) is not valid.
 * Versions above 00 are read by their first four fields. Anything else answers `undefined`: start a new trace and drop
 * `tracestate`.
 * @see https://www.w3.org/TR/trace-context-2/#traceparent-header
 */
export function parseTraceparent(header: string | null | undefined): TraceParent | undefined {
  const match = header && header.length <= MAX_CHARS ? HEADER.exec(header) : undefined;
  if (!match) return undefined;
  const [, traceId, spanId, flags] = match as unknown as [string, string, string, string];
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

/** The version 00 header value; only the sampled and the random flag are written. */
export function formatTraceparent({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-0${flags & KNOWN_FLAGS}`;
}
