// Eight bits and five probes an entry: about one block in fifty is read in vain.
const BITS_PER_ENTRY = 8;
const PROBES = 5;
const MIN_BYTES = 64;
/** A block of made-up keys and values must not cost more in its filter than in itself; a full filter says "perhaps". */
const MAX_BYTES = 16 * 1024;

/**
 * A Bloom filter over the hashes of a block's attributes: says "certainly not in this block" without reading it. Never says
 * so of an attribute that is there.
 */
export function encodeBlockFilter(hashes: ReadonlySet<number>): Uint8Array {
  const bytes = Math.ceil((hashes.size * BITS_PER_ENTRY) / 8);
  const bits = new Uint8Array(Math.min(MAX_BYTES, Math.max(MIN_BYTES, bytes)));
  for (const hash of hashes) {
    eachProbe(hash, bits, (byte, bit) => {
      bits[byte] = (bits[byte] as number) | bit;
      return true;
    });
  }
  return bits;
}

/** False when the block certainly has no attribute of this hash. */
export function mayHold(filter: Uint8Array, hash: number): boolean {
  return eachProbe(hash, filter, (byte, bit) => ((filter[byte] as number) & bit) !== 0);
}

function eachProbe(hash: number, bits: Uint8Array, visit: (byte: number, bit: number) => boolean): boolean {
  const size = bits.length * 8;
  const step = mixed(hash) | 1;
  let at = hash;
  for (let i = 0; i < PROBES; i += 1) {
    const bit = (at >>> 0) % size;
    if (!visit(bit >>> 3, 1 << (bit & 7))) return false;
    at = (at + step) | 0;
  }
  return true;
}

// The last step of MurmurHash3: https://github.com/aappleby/smhasher
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
