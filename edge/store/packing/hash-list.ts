/** A growing list of 32-bit numbers. */
export class HashList {
  #numbers = new Uint32Array(256);
  length = 0;

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.length++] = number;
  }

  append(other: HashList): void {
    for (let i = 0; i < other.length; i += 1) this.push(other.#numbers[i] as number);
  }

  copy(): Uint32Array {
    return this.#numbers.slice(0, this.length);
  }
}
