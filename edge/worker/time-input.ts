import type { TimeInput } from '@opentelemetry/api';
import type { EpochMs } from '../../src/wire/time.ts';

/** The API takes `performance.now()` readings as well; no wall clock of ours was before 2000. */
const YEAR_2000_MS = 946_684_800_000;

/** OpenTelemetry's TimeInput (epoch ms, `performance.now()` ms, Date, or [s, ns]) as epoch milliseconds. */
export function toEpochMs(time: TimeInput): EpochMs {
  if (Array.isArray(time)) return time[0] * 1000 + time[1] / 1e6;
  if (time instanceof Date) return time.getTime();
  return time < YEAR_2000_MS ? performance.timeOrigin + time : time;
}
