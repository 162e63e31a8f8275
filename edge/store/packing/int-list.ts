const FIRST_CAPACITY = 64;

/** A list of 32-bit integers that keeps its memory: an array that is emptied lets go of it. */
export class IntList {
  #numbers = new Int32Array(FIRST_CAPACITY);
  length = 0;

  at(place: number): number {
    return this.#numbers[place] as number;
  }

  push(number: number): void {
    if (this.length === this.#numbers.length) this.#grow(this.length + 1);
    this.#numbers[this.length++] = number;
  }

  pushRange(start: number, end: number): void {
    this.push(start);
    this.push(end);
  }

  append(other: IntList): void {
    const length = this.length + other.length;
    if (length > this.#numbers.length) this.#grow(length);
    this.#numbers.set(other.#numbers.subarray(0, other.length), this.length);
    this.length = length;
  }

  /** The same bits as numbers that are not negative. */
  copy(): Uint32Array {
    return new Uint32Array(this.#numbers.buffer.slice(0, this.length * 4));
  }

  #grow(needed: number): void {
    const grown = new Int32Array(Math.max(needed, this.#numbers.length * 2));
    grown.set(this.#numbers);
    this.#numbers = grown;
  }
}
