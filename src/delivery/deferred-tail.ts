import { MAX_KEEPALIVE_BYTES } from '../wire/limits.ts';

/** What one origin may defer, its address and headers included; has its own quota beside keepalive's. */
export const MAX_DEFERRED_BYTES = MAX_KEEPALIVE_BYTES;

type FetchLater = (url: string, init: RequestInit) => unknown;

/**
 * One request the browser sends when the page is gone, however it went: it outlives a crashed renderer.
 * @see https://fetch.spec.whatwg.org/#deferred-fetch (Chromium only; elsewhere this does nothing)
 */
export interface DeferredTail {
  readonly supported: boolean;
  /** Replaces the request, if the browser takes it; without an argument there is none. */
  set(request?: { url: string; body: string }): void;
}

export function createDeferredTail(): DeferredTail {
  const { fetchLater } = globalThis as { fetchLater?: FetchLater };
  let pending: AbortController | undefined;
  return {
    supported: fetchLater !== undefined,
    set(request) {
      pending?.abort();
      pending = undefined;
      if (!fetchLater || !request) return;
      const controller = new AbortController();
      try {
        fetchLater(request.url, { method: 'POST', body: request.body, credentials: 'omit', signal: controller.signal });
        pending = controller;
      } catch {
        // expected: quota used up, or the policy deferred-fetch denies it
      }
    },
  };
}
