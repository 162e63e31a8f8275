/**
 * Whether a proxy passed a request on: then that it comes from this machine says nothing about who sent it.
 * @param header a header of it by its lower-case name
 */
export function isForwarded(header: (name: string) => string | undefined): boolean {
  return header('x-forwarded-for') !== undefined || header('forwarded') !== undefined;
}
