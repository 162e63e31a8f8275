/** A request the loader let through before the agent was there. */
export interface HandedCall {
  url: string;
  /** Default GET. */
  method: string | undefined;
  /** The span id its `traceparent` named; absent where it carried none. */
  spanId?: string | undefined;
  startMs: number;
  endMs?: number;
  status?: number;
  error?: string;
  click?: HandedClick | undefined;
  /** Set by the agent: called when the request is over. */
  done?: () => void;
}

/** A click before the agent was there; it has a trace only if it led to a request. */
export interface HandedClick {
  event: Event;
  traceId: string;
  spanId: string;
}

/** What the inline loader leaves under `window.throughline` for the agent. Times are `performance.now()`. */
export interface Handover {
  traceId: string;
  /** The sampling randomness its headers carried. */
  rv: string;
  calls: HandedCall[];
  errors: unknown[];
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
