/** Undoes what a start did; calling it twice does nothing the second time. */
export type Stop = () => void;

const said = new Set<string>();
let debugging = false;

/** With `true`, faults inside the agent are written to the console too; otherwise nobody hears of them. */
export function setDebug(on: boolean): void {
  debugging = on;
}

/** Writes one warning to the console; the same sentence is never written twice on a page. */
export function warnOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  // biome-ignore lint/suspicious/noConsole: the one place where the agent speaks to the developer.
  console.warn(`Throughline: ${message}`);
}

/** A fault of ours: it must never become the page's. */
export function fault(error: unknown): void {
  try {
    // biome-ignore lint/suspicious/noConsole: only with the option `debug`.
    if (debugging) console.debug('Throughline:', error);
  } catch {
    // expected: a page may have replaced console by something that throws
  }
}

/**
 * Every entry from outside (listener, observer, timer) goes through here: what throws inside stays inside.
 * @returns `entry`, answering `undefined` where it would have thrown
 */
export function guard<This, A extends unknown[], R>(
  entry: (this: This, ...args: A) => R,
): (this: This, ...args: A) => R | undefined {
  return function (...args) {
    try {
      return entry.apply(this, args);
    } catch (error) {
      fault(error);
      return undefined;
    }
  };
}

/** A stop function that runs all of `stops` once, the latest first, whatever one of them throws. */
export function stopAll(stops: Stop[]): Stop {
  return () => {
    for (const stop of stops.splice(0).reverse()) guard(stop)();
  };
}
