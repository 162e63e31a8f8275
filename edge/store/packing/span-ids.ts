/** Beyond this many, a table is asked. */
const MAX_SEARCHED = 32;

/** The span ids of a chunk in their order, as pairs of 32-bit words. */
export class SpanIds {
  #words = new Int32Array(2 * MAX_SEARCHED);
  /** Open addressing: the place of an id plus 1, 0 where nothing is. At least twice as long as there are ids. */
  #table = new Int32Array(0);
  length = 0;

  reset(): void {
    if (this.length > MAX_SEARCHED) this.#table = new Int32Array(0);
    this.length = 0;
  }

  /** Place of an id, -1 when it is not there. */
  indexOf(high: number, low: number): number {
    const words = this.#words;
    if (this.length > MAX_SEARCHED) return (this.#table[this.#slotOf(high, low)] as number) - 1;
    for (let i = 0, end = this.length * 2; i < end; i += 2)
      if (words[i + 1] === low && words[i] === high) return i >> 1;
    return -1;
  }

  push(high: number, low: number): void {
    const at = this.length * 2;
    if (at === this.#words.length) {
      const grown = new Int32Array(at * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[at] = high;
    this.#words[at + 1] = low;
    this.length += 1;
    if (this.length <= MAX_SEARCHED) return;
    if (this.#table.length < this.length * 2) this.#rebuild();
    else this.#table[this.#slotOf(high, low)] = this.length;
  }

  #rebuild(): void {
    // Not sooner: workerd draws nothing while a script loads.
    if (!isSeeded) isSeeded = Boolean(crypto.getRandomValues(SEED));
    this.#table = new Int32Array(Math.max(MAX_SEARCHED * 4, this.#table.length * 4));
    for (let i = 0; i < this.length; i += 1) {
      this.#table[this.#slotOf(this.#words[i * 2] as number, this.#words[i * 2 + 1] as number)] = i + 1;
    }
  }

  // Where the id is or would be.
  #slotOf(high: number, low: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    const words = this.#words;
    let slot = mix(high, low) & mask;
    for (let place = table[slot] as number; place !== 0; place = table[slot] as number) {
      if (words[place * 2 - 1] === low && words[place * 2 - 2] === high) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}

/** Drawn anew in each process: ids made up to fall into one slot would make a list to be searched. */
const SEED = new Int32Array(2) as Int32Array<ArrayBuffer> & { 0: number; 1: number };
let isSeeded = false;

function mix(high: number, low: number): number {
  let hash = Math.imul(high ^ SEED[0], 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ low ^ SEED[1], 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
