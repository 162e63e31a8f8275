import { MAX_KEEPALIVE_BYTES } from '../wire/limits.ts';

/**
 * The bytes this page has in flight through `fetch` with keepalive and through `sendBeacon`. The platform fails the
 * request that would pass 64 KiB for the whole page, so both must be booked in one place.
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
export interface KeepaliveBudget {
  available(): number;
  /** Books `bytes` until the returned function is called; `undefined` when they do not fit. */
  reserve(bytes: number): (() => void) | undefined;
}

export function createKeepaliveBudget(maxBytes = MAX_KEEPALIVE_BYTES): KeepaliveBudget {
  let inFlight = 0;
  return {
    available: () => maxBytes - inFlight,
    reserve(bytes) {
      if (inFlight + bytes > maxBytes) return undefined;
      inFlight += bytes;
      let booked = bytes;
      return () => {
        inFlight -= booked;
        booked = 0;
      };
    },
  };
}
