/** Numbers in one stretch of memory, which can be handed to another thread. */
export class NumberList {
  #numbers: Float64Array<ArrayBuffer>;
  #length = 0;

  /** @param capacity how many are expected */
  constructor(capacity: number) {
    this.#numbers = new Float64Array(Math.max(16, capacity));
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) this.#grow();
    this.#numbers[this.#length] = number;
    this.#length += 1;
  }

  copy(): Float64Array<ArrayBuffer> {
    return this.#numbers.slice(0, this.#length);
  }

  #grow(): void {
    const grown = new Float64Array(this.#numbers.length * 2);
    grown.set(this.#numbers);
    this.#numbers = grown;
  }
}
