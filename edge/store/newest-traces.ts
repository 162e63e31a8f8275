import { type Cursor, comparePlaces } from './search.ts';

/** The newest of what is offered, in order: more than are wanted are never kept. */
export class NewestTraces<T extends Cursor> {
  readonly #count: number;
  readonly #traces: T[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** The last one, once there are as many as are wanted: what is older than that has no place. */
  get last(): T | undefined {
    return this.#traces[this.#count - 1];
  }

  /** Newest first. */
  all(): readonly T[] {
    return this.#traces;
  }

  add(trace: T): void {
    const traces = this.#traces;
    // What is offered is about in order, newest first.
    let place = traces.length;
    while (place > 0 && comparePlaces(trace, traces[place - 1] as T) < 0) place -= 1;
    if (place >= this.#count) return;
    traces.splice(place, 0, trace);
    if (traces.length > this.#count) traces.pop();
  }
}
