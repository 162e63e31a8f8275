import { gunzipSync } from 'node:zlib';
import { Refusal } from './refusal.ts';
import { releaseBytes } from './release-bytes.ts';

/** The part of Node's request that is needed to read its body. */
export interface NodeIncoming {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  pause(): unknown;
}

/**
 * The bytes of a request as they came, on Node.
 * @param length as announced; 0 when it was not
 * @throws {Refusal} 413 as soon as more than `maxBytes` are announced or arrive; 400 when the sender hangs up.
 */
export function readIncoming(incoming: NodeIncoming, length: number, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (length > maxBytes) throw tooLarge(maxBytes);
    const chunks: Uint8Array[] = [];
    let size = 0;
    let isWhole = false;
    incoming.on('data', (chunk) => {
      size += chunk.length;
      if (size > maxBytes) {
        incoming.pause();
        chunks.length = 0;
        reject(tooLarge(maxBytes));
      } else chunks.push(chunk);
    });
    incoming.on('end', () => {
      isWhole = true;
      resolve(join(chunks));
      if (chunks.length > 1) chunks.forEach(releaseBytes);
    });
    incoming.on('error', () => reject(cutOff()));
    // Before the end: the sender hung up. It comes after every request, and an error is costly to make.
    incoming.on('close', () => {
      if (!isWhole) reject(cutOff());
    });
  });
}

/**
 * The same of a web stream.
 * @throws {Refusal} as `readIncoming`
 */
export async function readStream(
  stream: ReadableStream<Uint8Array> | null,
  length: number,
  maxBytes: number,
): Promise<Uint8Array> {
  if (length > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch(() => Promise.reject(cutOff()));
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel().catch(() => undefined); // expected: the sender may be gone already
      throw tooLarge(maxBytes);
    }
    chunks.push(value);
  }
  return join(chunks);
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  // Not from the pool and not zeroed: every byte is written below.
  const whole = Buffer.allocUnsafeSlow(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * One layer of gzip off. zlib inflates piece by piece and stops at the limit, so a bomb costs `maxBytes` and no more.
 * @throws {Refusal} 413 beyond `maxBytes`; 400 for what is no gzip or was cut off.
 */
export function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    if (code === 'Z_BUF_ERROR') throw new Refusal(400, 'The gzip body was cut off on its way: it has no end.');
    throw new Refusal(400, 'The body is marked as gzip but is no gzip data, or was damaged on its way.');
  }
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(
    413,
    `The body is larger than the ${maxBytes} bytes allowed after decompression: split the batch.`,
  );
}

function cutOff(): Refusal {
  return new Refusal(400, 'The request ended before its body did.');
}
