const LIMIT_MS = 10_000;

/** Polls until `get` returns something truthy; fails with `what` after 10 s. */
export async function waitFor<T>(
  get: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
): Promise<T> {
  const untilMs = Date.now() + LIMIT_MS;
  for (;;) {
    const value = await get();
    if (value) return value;
    if (Date.now() > untilMs) throw new Error(`Waited ${LIMIT_MS} ms for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
