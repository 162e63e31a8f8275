/**
 * Which requests may carry trace headers: same origin, and the origins the site names. Parsed origins are compared, never
 * text: `https://evil.example/?https://api.example` matches nothing, and no request gains a preflight it would not have.
 */
export interface PropagationPolicy {
  allows(url: URL): boolean;
}

/** @param propagateTo origins as `https://api.example`, already parsed by the options */
export function createPropagationPolicy(propagateTo: readonly string[]): PropagationPolicy {
  const origins = new Set(propagateTo);
  return {
    allows: ({ origin }) => origin !== 'null' && (origin === location.origin || origins.has(origin)),
  };
}
