import { tracedFetch } from './traced-fetch.ts';

let isRegistered = false;

/** Puts the traced `fetch` in the platform's place, once per isolate; outside invocations it is the platform's. */
export function register(): void {
  if (isRegistered) return;
  isRegistered = true;
  globalThis.fetch = tracedFetch;
}
