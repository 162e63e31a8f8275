/** The keys the agent may write to the page's storage, and nothing else; docs and a test read this list. */
export const STORAGE_KEYS = ['throughline.session'] as const;

/** Reads what an earlier page kept; `undefined` when there is nothing, or storage is not to be had. */
export function readStored(key: (typeof STORAGE_KEYS)[number]): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') ?? undefined;
  } catch {
    return undefined; // expected: blocked storage throws on access, and somebody may have written there
  }
}

/** Keeps `value`, or removes it when `undefined`; silently does nothing where storage is full or blocked. */
export function writeStored(key: (typeof STORAGE_KEYS)[number], value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // expected: blocked or full storage; the session then lives in memory
  }
}
