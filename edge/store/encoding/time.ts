import type { UnixNano } from '../../../src/wire/time.ts';
import { type ByteReader, DamagedDataError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

// Clocks tick in 1 ns, 1 µs, 5 µs or 100 µs (browsers) or 1 ms (workers): dividing by the tick makes numbers short.
const TICKS = [1, 1_000, 100_000, 1_000_000] as const;
const ABSOLUTE = 4;
const TAGS = 5;
/** About 39 hours; what is farther away is written in full, so that no sum leaves the safe integers. */
const FARTHEST = 2 ** 47;

/** Whole seconds of OTLP nanoseconds; 0 for less than a second. */
export function nanoSeconds(nanos: UnixNano): number {
  let value = 0;
  const end = nanos.length - 9;
  for (let i = 0; i < end; i += 1) value = value * 10 + nanos.charCodeAt(i) - 48;
  return value;
}

/** The nanoseconds within the second, 0-999999999. */
export function nanoFraction(nanos: UnixNano): number {
  let value = 0;
  for (let i = Math.max(0, nanos.length - 9); i < nanos.length; i += 1) value = value * 10 + nanos.charCodeAt(i) - 48;
  return value;
}

// In the year 2112. Senders may claim any time; differences of such times must stay safe integers.
const LATEST_MICROS = 2 ** 52;

/** Epoch microseconds, rounded down, and no later than the year 2112. */
export function nanoToMicros(nanos: UnixNano): number {
  return partsToMicros(nanoSeconds(nanos), nanoFraction(nanos));
}

/** `nanoToMicros` of whole seconds and the nanoseconds within the second. */
export function partsToMicros(seconds: number, fraction: number): number {
  return Math.min(LATEST_MICROS, seconds * 1e6 + Math.floor(fraction / 1000));
}

/** A time another time is told from. */
export interface TimeBase {
  seconds: number;
  nanos: number;
}

export function timeBase(nanos: UnixNano): TimeBase {
  return { seconds: nanoSeconds(nanos), nanos: nanoFraction(nanos) };
}

export function writeTimeBase(out: ByteWriter, base: TimeBase): void {
  out.varint(base.seconds);
  out.varint(base.nanos);
}

export function readTimeBase(reader: ByteReader): TimeBase {
  return { seconds: reader.varint(), nanos: reader.varint() };
}

/** The distance of a time from `base`, before or after it. */
export function writeTime(out: ByteWriter, base: TimeBase, nanos: UnixNano): void {
  writeTimeParts(out, base, nanoSeconds(nanos), nanoFraction(nanos));
}

/** `writeTime` of whole seconds and the nanoseconds within the second. */
export function writeTimeParts(out: ByteWriter, base: TimeBase, seconds: number, fraction: number): void {
  const distance = (seconds - base.seconds) * 1e9 + fraction - base.nanos;
  if (Math.abs(distance) > FARTHEST) {
    out.varint(ABSOLUTE);
    out.varint(seconds);
    out.varint(fraction);
    return;
  }
  // Whole seconds are whole ticks of each kind.
  const rest = fraction - base.nanos;
  let tick = 0;
  if (rest % 1_000 === 0) tick = rest % 100_000 !== 0 ? 1 : rest % 1_000_000 !== 0 ? 2 : 3;
  const ticks = distance / (TICKS[tick] as number);
  out.varint((ticks < 0 ? -ticks * 2 - 1 : ticks * 2) * TAGS + tick);
}

export function readTime(reader: ByteReader, base: TimeBase): UnixNano {
  const head = reader.varint();
  const tag = head % TAGS;
  if (tag === ABSOLUTE) return formatNanos(reader.varint(), reader.varint());
  const zigzag = (head - tag) / TAGS;
  const ticks = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  const fraction = base.nanos + ticks * (TICKS[tag] as number);
  const carry = Math.floor(fraction / 1e9);
  return formatNanos(base.seconds + carry, fraction - carry * 1e9);
}

function formatNanos(seconds: number, fraction: number): UnixNano {
  if (seconds < 0) throw new DamagedDataError('A time lies before 1970.');
  return seconds === 0 ? String(fraction) : seconds + String(fraction).padStart(9, '0');
}
