/** The keys the agent may write to the page's storage, and nothing else; docs and a test read this list. */
export const STORAGE_KEYS = ['throughline.session', 'throughline.tail.'] as const;
/** One of them; those that end in a dot are followed by the id of a page. */
export type StorageKey = 'throughline.session' | `throughline.tail.${string}`;

/** Reads what an earlier page kept; `undefined` when there is nothing, or storage is not to be had. */
export function readStored(key: StorageKey): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') ?? undefined;
  } catch {
    return undefined; // expected: blocked storage throws on access, and somebody may have written there
  }
}

/** Keeps `value`, or removes it when `undefined`. @returns false where storage is full or blocked. */
export function writeStored(key: StorageKey, value: unknown): boolean {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // expected: blocked or full storage; what should be kept then lives in memory
  }
}

/** The keys of ours that begin with `prefix` and are in use. */
export function storedKeys<P extends StorageKey>(prefix: P): P[] {
  try {
    return Object.keys(localStorage).filter((key): key is P => key.startsWith(prefix));
  } catch {
    return []; // expected: blocked storage throws on access
  }
}
