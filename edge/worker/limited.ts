import { MAX_SPAN_ATTRIBUTES } from '../../src/wire/limits.ts';

/**
 * The attributes, events or links of a span as they are sent, up to OpenTelemetry's limit, which is the same for each; further
 * ones are only counted. Keys are foreign input, so they are kept in a Map.
 */
export class Limited {
  readonly #items = new Map<unknown, object>();
  #dropped = 0;

  has(key: unknown): boolean {
    return this.#items.has(key);
  }

  /** Takes the place of an item of the same key. */
  put(key: unknown, item: object): void {
    if (this.#items.size < MAX_SPAN_ATTRIBUTES || this.#items.has(key)) this.#items.set(key, item);
    else this.#dropped += 1;
  }

  /** `undefined` for none, so that the field is left out; as with `dropped`. */
  get items(): object[] | undefined {
    return this.#items.size > 0 ? [...this.#items.values()] : undefined;
  }

  get dropped(): number | undefined {
    return this.#dropped || undefined;
  }
}
