/**
 * The address of a client. Behind a proxy it is the last one in `X-Forwarded-For`, which that proxy saw; those before it are
 * what the client claimed.
 * @param header a header of the request by its lower-case name
 * @param peer who connected
 */
export function clientOf(
  header: (name: string) => string | undefined,
  behindProxy: boolean,
  peer: string | undefined,
): string | undefined {
  return behindProxy ? header('x-forwarded-for')?.split(',').at(-1)?.trim() : peer;
}
