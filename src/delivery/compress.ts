/** Below this gzip and its asynchronous turn cost more than they save. */
const MIN_BYTES = 1024;

/** Whether this browser can compress; a body then holds many times the records. */
export const canCompress = typeof CompressionStream === 'function';

/**
 * `text` as gzip, in bytes without a type (a `Content-Encoding` header would cost a preflight); the text itself when it
 * is small. Asynchronous, so never for a page that is being left.
 */
export async function compress(text: string): Promise<string | ArrayBuffer> {
  if (!canCompress || text.length < MIN_BYTES) return text;
  try {
    // Not by way of a Blob, which is made in another process.
    const stream = new Response(text).body as ReadableStream<BufferSource>;
    return await new Response(stream.pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
  } catch {
    return text; // expected: a page that put something of its own in the place of one of these
  }
}
