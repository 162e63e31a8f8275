/** A place in the order; without an item when it has another place now, or none. */
export interface StartPlace<T> {
  readonly startUs: number;
  item: T | undefined;
}

/** Places that are given up are taken out together, once they are so many and more than are left. */
const MIN_EMPTY = 256;

/** Items by when they started, so that who wants the newest need not look at all. */
export class StartOrder<T> {
  // Oldest first: what is new is at or near the end.
  #places: StartPlace<T>[] = [];
  #empty = 0;

  /** @returns to be given up before the item gets another place */
  add(item: T, startUs: number): StartPlace<T> {
    const place = { startUs, item };
    const places = this.#places;
    if (startUs >= (places.at(-1)?.startUs ?? startUs)) places.push(place);
    else places.splice(this.#after(startUs), 0, place);
    return place;
  }

  giveUp(place: StartPlace<T>): void {
    if (place.item === undefined) return;
    place.item = undefined;
    this.#empty += 1;
    if (this.#empty < MIN_EMPTY || this.#empty < this.#places.length / 2) return;
    this.#places = this.#places.filter(({ item }) => item !== undefined);
    this.#empty = 0;
  }

  /** What started no later than `toUs`, newest first; nothing may be added meanwhile. */
  *newestFirst(toUs: number): Generator<T> {
    const places = this.#places;
    for (let i = this.#after(toUs) - 1; i >= 0; i -= 1) {
      const item = places[i]?.item;
      if (item !== undefined) yield item;
    }
  }

  /** `undefined` when it is empty. */
  bounds(): { oldestUs: number; newestUs: number } | undefined {
    const isTaken = ({ item }: StartPlace<T>): boolean => item !== undefined;
    const oldest = this.#places.find(isTaken);
    const newest = this.#places.findLast(isTaken);
    return oldest && newest && { oldestUs: oldest.startUs, newestUs: newest.startUs };
  }

  /** The index behind the last that started no later. */
  #after(startUs: number): number {
    const places = this.#places;
    let from = 0;
    let to = places.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((places[middle]?.startUs ?? 0) <= startUs) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
