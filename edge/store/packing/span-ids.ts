/** Beyond this many, a map is asked. */
const MAX_SEARCHED = 64;

/** The span ids of a chunk in their order, as pairs of 32-bit words. */
export class SpanIds {
  #words = new Int32Array(2 * MAX_SEARCHED);
  #places: Map<string, number> | undefined;
  length = 0;

  reset(): void {
    this.length = 0;
    this.#places = undefined;
  }

  /** Place of an id, -1 when it is not there. */
  indexOf(high: number, low: number): number {
    if (this.#places) return this.#places.get(`${high} ${low}`) ?? -1;
    const words = this.#words;
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
    if (this.#places) this.#places.set(`${high} ${low}`, this.length - 1);
    else if (this.length > MAX_SEARCHED) this.#learnAll();
  }

  #learnAll(): void {
    this.#places = new Map();
    for (let i = 0; i < this.length; i += 1) {
      this.#places.set(`${this.#words[i * 2]} ${this.#words[i * 2 + 1]}`, i);
    }
  }
}
