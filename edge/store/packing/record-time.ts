import type { UnixNano } from '../../../src/wire/time.ts';

/** Whole seconds and the nanoseconds within the second as OTLP's decimal. */
export function toNanos(seconds: number, nanos: number): UnixNano {
  return seconds === 0 ? String(nanos) : seconds + String(nanos + 1e9).slice(1);
}
