/**
 * Gives the memory of bytes back at once, if nothing else lies in their buffer; nobody may look at them any more. Memory
 * outside the heap would else be held until a collection finds it, and a few hundred bodies of it start one of the whole heap.
 */
export function releaseBytes({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
