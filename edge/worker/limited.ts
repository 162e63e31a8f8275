import { MAX_SPAN_ATTRIBUTES } from '../../src/wire/limits.ts';

/**
 * The attributes, events or links of a span as the JSON that is sent, up to OpenTelemetry's limit, which is the same for each; further
 * ones are only counted. Keys are foreign input, so they are kept in a Map.
 */
export class Limited {
  readonly #items = new Map<unknown, string>();
  #dropped = 0;

  has(key: unknown): boolean {
    return this.#items.has(key);
  }

  /** Takes the place of an item of the same key. */
  put(key: unknown, item: string): void {
    if (this.#items.size < MAX_SPAN_ATTRIBUTES || this.#items.has(key)) this.#items.set(key, item);
    else this.#dropped += 1;
  }

  /** All of them as a JSON array; empty for none, as `dropped` is 0. */
  get items(): string {
    return this.#items.size > 0 ? `[${[...this.#items.values()].join()}]` : '';
  }

  get dropped(): number {
    return this.#dropped;
  }
}
