const warned = new Set<string>();

/** Tells the developer, once per isolate and message. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  // biome-ignore lint/suspicious/noConsole: a misconfigured worker has no other place to be told.
  console.warn(`[throughline] ${message}`);
}
