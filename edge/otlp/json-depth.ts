const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * True when a JSON text opens more than `maxDepth` arrays and objects inside each other. Runs before `JSON.parse`,
 * so that a megabyte of brackets costs one linear scan and no heap; what is not JSON is left for the parser to refuse.
 */
export function nestsDeeperThan(bytes: Uint8Array, maxDepth: number): boolean {
  const { length } = bytes;
  let depth = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) {
      for (i += 1; i < length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i += 1;
    } else if ((byte | 0x20) === 0x7b) {
      // 0x20 is all that tells [ from { and ] from }
      if (++depth > maxDepth) return true;
    } else if ((byte | 0x20) === 0x7d) depth -= 1;
  }
  return false;
}
