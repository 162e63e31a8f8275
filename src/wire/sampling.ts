import type { TraceId } from './ids.ts';
import { type TraceStateMembers, withMember } from './tracestate.ts';

/**
 * Consistent probability sampling: every component compares the same 56 random bits R with a rejection threshold T and
 * keeps when R >= T, so that they agree. R and T are kept as 14 hex digits, because a double has only 53 bits and
 * equally long lower-case hex strings compare like the numbers they are.
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export interface SamplingState {
  /** Explicit randomness (`rv`), 14 hex digits; absent means the trace id's last 7 bytes. */
  rv?: string;
  /** Rejection threshold (`th`), 1-14 hex digits without trailing zeros; absent means "no known probability". */
  th?: string;
}

/** The `tracestate` key OpenTelemetry owns. */
export const OT_KEY = 'ot';
const DIGITS = 14;
const RV = /^[0-9a-f]{14}$/;
const TH = /^[0-9a-f]{1,14}$/;
const MAX_OT_CHARS = 256;

/** Reads `rv` and `th` out of an `ot` member's value; what breaks the grammar is left out. */
export function parseOt(value: string | undefined): SamplingState {
  const state: SamplingState = {};
  for (const part of (value ?? '').slice(0, MAX_OT_CHARS).split(';')) {
    const colon = part.indexOf(':');
    const key = part.slice(0, colon);
    const item = part.slice(colon + 1);
    if (key === 'rv' && RV.test(item)) state.rv = item;
    if (key === 'th' && TH.test(item)) state.th = item;
  }
  return state;
}

/** The `ot` member's value that says `rv` and `th`. */
export function formatOt({ rv, th }: SamplingState): string {
  return [rv && `rv:${rv}`, th && `th:${th}`].filter(Boolean).join(';');
}

/** Writes `rv` and `th` into `members` at the left end; other sub-keys of an existing `ot` value are kept. */
export function withSamplingState(members: TraceStateMembers, state: SamplingState): TraceStateMembers {
  const existing = members.find(([key]) => key === OT_KEY)?.[1] ?? '';
  const others = existing.split(';').filter((part) => part !== '' && !/^(rv|th):/.test(part));
  const value = [formatOt(state), ...others].filter(Boolean).join(';');
  return withMember(members, OT_KEY, value === '' || value.length > MAX_OT_CHARS ? undefined : value);
}

/** The randomness of a trace: `rv` where there is one, else the trace id's last 56 bits. */
export function randomnessOf(traceId: TraceId, state: SamplingState): string {
  return state.rv ?? traceId.slice(-DIGITS);
}

/**
 * The threshold that keeps `probability` of all traces, rounded to four significant digits after leading `f`s.
 * @returns `"0"` for 1 and above; `undefined` for 0 and below (never sampling is no probability) and for NaN.
 */
export function thresholdOf(probability: number): string | undefined {
  if (probability >= 1) return '0';
  if (!(probability > 0)) return undefined;
  // 2^-k of room per leading f: 1 - p = 0.fff…xxxx; four digits after the f's keep the error of p below 2^-13.
  const leading = Math.max(0, Math.floor(-Math.log2(probability) / 4));
  const digits = Math.min(DIGITS, leading + 4);
  const rejected = 16 ** digits - Math.round(probability * 16 ** digits);
  if (rejected <= 0) return '0';
  if (rejected >= 16 ** digits) return 'f'.repeat(DIGITS);
  return rejected.toString(16).padStart(digits, '0').replace(/0+$/, '');
}

/** Whether a trace with this randomness is kept at this threshold. */
export function isKept(randomness: string, threshold: string): boolean {
  return randomness >= threshold.padEnd(DIGITS, '0');
}

/** How many spans one span kept at this threshold stands for: 1 / probability. */
export function adjustedCount(threshold: string): number {
  // In two halves, because 2^56 - T has more bits than a double and must not round to zero.
  const half = 16 ** 7;
  const t = threshold.padEnd(DIGITS, '0');
  const kept = (half - Number.parseInt(t.slice(0, 7), 16)) * half - Number.parseInt(t.slice(7), 16);
  return (half * half) / kept;
}
