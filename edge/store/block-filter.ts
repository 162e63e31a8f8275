// Eight bits and five probes an entry: about one block in fifty is read in vain.
const BITS_PER_ENTRY = 8;
const PROBES = 5;
const MIN_BYTES = 64;
/** A block of made-up keys and values must not cost more in its filter than in itself; a full filter says "perhaps". */
const MAX_BYTES = 16 * 1024;

/**
 * A Bloom filter over the hashes of a block's attributes: says "certainly not in this block" without reading it. Never says
 * so of an attribute that is there.
 * @param hashes each once
 */
export function encodeBlockFilter(hashes: ArrayLike<number>): Uint8Array {
  const bytes = Math.ceil((hashes.length * BITS_PER_ENTRY) / 8);
  const bits = new Uint8Array(Math.min(MAX_BYTES, Math.max(MIN_BYTES, bytes)));
  const size = bits.length * 8;
  for (let i = 0; i < hashes.length; i += 1) {
    const hash = hashes[i] as number;
    const step = stepOf(hash);
    for (let probe = 0, at = hash; probe < PROBES; probe += 1, at = (at + step) | 0) {
      const bit = (at >>> 0) % size;
      bits[bit >>> 3] = (bits[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }
  return bits;
}

/** False when the block certainly has no attribute of this hash. */
export function mayHold(filter: Uint8Array, hash: number): boolean {
  const size = filter.length * 8;
  const step = stepOf(hash);
  for (let probe = 0, at = hash; probe < PROBES; probe += 1, at = (at + step) | 0) {
    const bit = (at >>> 0) % size;
    if (((filter[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

// From one probe to the next.
function stepOf(hash: number): number {
  return mixed(hash) | 1;
}

// The last step of MurmurHash3: https://github.com/aappleby/smhasher
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
