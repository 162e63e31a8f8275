/** Longer than this no question keeps the thread that answers senders. */
const TURN_MS = 1;
const CHECKED_EVERY = 32;

/**
 * Lets questions wait for senders: one question at a time goes on in a turn of the event loop, after all that had come by then.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(this.#go);
    });
  }

  /** Visits one after the other, in as many turns as it takes. */
  async each<T>(items: readonly T[], visit: (item: T) => void): Promise<void> {
    let endMs = performance.now() + TURN_MS;
    for (let i = 0; i < items.length; i += 1) {
      visit(items[i] as T);
      if (i % CHECKED_EVERY !== 0 || performance.now() < endMs) continue;
      await this.next();
      endMs = performance.now() + TURN_MS;
    }
  }

  readonly #go = (): void => {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(this.#go);
  };
}
