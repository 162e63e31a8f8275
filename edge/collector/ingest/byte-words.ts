/**
 * Looks for any of some words in bytes of UTF-8. The first three bytes of all words are looked for at once, a bit each.
 * @param words at most 32 of ASCII letters, of three or more; cases are told apart but with `ignoreCase`
 */
export function createByteWords(
  words: readonly string[],
  { ignoreCase = false } = {},
): (bytes: Uint8Array, start: number, end: number) => boolean {
  const masks = [0, 1, 2].map(() => new Int32Array(256)) as [Int32Array, Int32Array, Int32Array];
  words.forEach((word, n) => {
    masks.forEach((mask, i) => {
      const character = word.charAt(i);
      const variants = ignoreCase ? [character.toLowerCase(), character.toUpperCase()] : [character];
      for (const variant of new Set(variants))
        mask[variant.charCodeAt(0)] = (mask[variant.charCodeAt(0)] ?? 0) | (1 << n);
    });
  });
  const [first, second, third] = masks;
  const codes = words.map((word) => Uint8Array.from(word, (character) => character.charCodeAt(0)));
  const caseBit = ignoreCase ? 0x20 : 0;
  const isAt = (bytes: Uint8Array, at: number, end: number, candidates: number): boolean => {
    for (let n = 0; n < codes.length; n += 1) {
      const word = codes[n] as Uint8Array;
      if (!(candidates & (1 << n)) || at + word.length > end) continue;
      let i = 3;
      while (i < word.length && ((bytes[at + i] as number) | caseBit) === ((word[i] as number) | caseBit)) i += 1;
      if (i >= word.length) return true;
    }
    return false;
  };

  return (bytes, start, end) => {
    let one = 0;
    let two = 0;
    for (let i = start; i < end; i += 1) {
      const byte = bytes[i] as number;
      const found = two & (third[byte] as number);
      if (found !== 0 && isAt(bytes, i - 2, end, found)) return true;
      two = one & (second[byte] as number);
      one = first[byte] as number;
    }
    return false;
  };
}
