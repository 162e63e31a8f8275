/** A request the loader let through before the agent was there. */
export interface HandedCall {
  /** What the page gave `fetch`. */
  asked: readonly unknown[];
  /** The span id its `traceparent` named; absent where it carried none. */
  spanId?: string | undefined;
  startMs: number;
  /** What came of it in the end, by the repeated request where the first one failed for our headers. */
  settled?: Promise<Response>;
  /** Once it is over. */
  endMs?: number;
  click: HandedClick | null | undefined;
}

/** A click before the agent was there; it has a trace only if it led to a request. */
export interface HandedClick {
  event: Event;
  traceId: string;
}

/** What nobody caught before the agent was there: an `error` or `unhandledrejection` event. */
export interface HandedError {
  error?: unknown;
  reason?: unknown;
}

/** What the inline loader leaves under `window.throughline` for the agent. Times are `performance.now()`. */
export interface Handover {
  traceId: string;
  /** The sampling randomness its headers carried. */
  rv: string;
  calls: HandedCall[];
  errors: HandedError[];
  /** Removes what the loader patched and listened to. */
  quit(): void;
}

/** Takes over from the loader, if there is one. */
export function takeHandover(name: string): Handover | undefined {
  const page = globalThis as Record<string, unknown>;
  const left = page[name] as Partial<Handover> | undefined;
  if (typeof left?.quit !== 'function') return undefined;
  left.quit();
  delete page[name];
  return left as Handover;
}
