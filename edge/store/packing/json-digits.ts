import { UNUSUAL } from './unusual.ts';

// 0-15 for hex digits, 255 for all other bytes.
const HEX = new Uint8Array(256).fill(0xff);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Eight hex digits as 32 bits. */
export function word(bytes: Buffer, start: number): number {
  let value = 0;
  let union = 0;
  for (let at = start; at < start + 8; at += 1) {
    const digit = HEX[bytes[at] as number] as number;
    union |= digit;
    value = (value << 4) | digit;
  }
  if (union > 15) throw UNUSUAL;
  return value;
}

/** Decimal digits as a number; no more than a safe integer has. */
export function digits(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) throw UNUSUAL;
    value = value * 10 + digit;
  }
  return value;
}
