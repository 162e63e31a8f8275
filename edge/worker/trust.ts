import { urlParts } from './url-parts.ts';

/**
 * What to do with the trace context of a request: go on with it, start a new trace that links to it, or start a new
 * trace as if it were not there.
 */
export type TrustPolicy = 'continue' | 'link' | 'restart';

/** Policies by the caller's origin; `same-origin` for the worker's own pages, `*` for all others and for non-browsers. */
export type TrustTable = Readonly<Record<string, TrustPolicy>>;

/**
 * Where a browser says that a request comes from: page scripts cannot set these headers, anything but a browser can.
 * @returns no origin for a request without one, such as a navigation or a server's
 */
export function callerOrigin(request: Request): { origin: string | undefined; isSame: boolean } {
  const own = urlParts(request.url).origin;
  const origin = request.headers.get('origin') ?? undefined;
  if (origin !== undefined) return { origin, isSame: origin === own };
  return request.headers.get('sec-fetch-site') === 'same-origin'
    ? { origin: own, isSame: true }
    : { origin: undefined, isSame: false };
}

/** A table as a function of the request; who is not in it is continued. */
export function trustTable(table: TrustTable): (request: Request) => TrustPolicy {
  const policies = new Map(Object.entries(table));
  return (request) => {
    const { origin, isSame } = callerOrigin(request);
    const own = isSame ? policies.get('same-origin') : undefined;
    const listed = origin === undefined ? undefined : policies.get(origin);
    return own ?? listed ?? policies.get('*') ?? 'continue';
  };
}
