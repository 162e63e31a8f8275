const EVENT_STREAM = 'text/event-stream';

/**
 * workerd tells `util.inspect` the length of a stream under this symbol: a number for what is ready, such as JSON, and
 * `undefined` for what is still being made or fetched.
 */
const LENGTH = /* @__PURE__ */ Object.getOwnPropertySymbols(ReadableStream.prototype).find(
  ({ description }) => description === 'length',
);

/**
 * Whether a response body is still being made while it is sent. Only then is there something to wait for, and only
 * then may the body be touched: a body that is ready keeps its Content-Length and its fast way out. Encoded bodies are
 * left alone: reading them would decode them.
 *
 * Where the platform does not tell, a stream made in JavaScript is known by giving no BYOB reader, which strings, buffers
 * and bodies from fetch do.
 * @param showsStreams false where every body is such a stream (Bun): then the headers have to say so
 */
export function isStreaming(response: Response, showsStreams: boolean): boolean {
  const { body } = response;
  // First what tells most answers apart: every question is a call into the platform.
  if (!body || (LENGTH && (body as unknown as Record<symbol, unknown>)[LENGTH] !== undefined)) return false;
  const { headers } = response;
  if (body.locked || headers.has('content-encoding')) return false;
  if (LENGTH) return true;
  if (!showsStreams)
    return headers.has('transfer-encoding') || headers.get('content-type')?.startsWith(EVENT_STREAM) === true;
  try {
    body.getReader({ mode: 'byob' }).releaseLock();
    return false;
  } catch {
    return true; // expected: that is the answer
  }
}

/** workerd's own has no queue: what was written has been read, and its bytes may be reused. */
const nativePassage = (): typeof TransformStream | undefined =>
  (globalThis as { IdentityTransformStream?: typeof TransformStream }).IdentityTransformStream;
/** Its default reader hands out a body from fetch in pieces of 4 KiB, at ten times the cost. */
const PIECE_BYTES = 65_536;

/**
 * A client that left is not told to a stream in workerd, and 30 s later the platform drops what still waits. A body
 * of which nothing went out for so long has ended as far as the span can know.
 */
const IDLE_MS = 25_000;

export interface BodyObserver {
  /** Reads the body in the context of the handler: what makes it may be its code. */
  within<T>(read: () => T): T;
  onFirstByte(): void;
  /** Called with the error of a body that broke, without when it was sent or nobody reads on. May be called again. */
  onEnd(error?: unknown): void;
}

/**
 * The same response with its body observed. Nothing is buffered; back-pressure and cancellation go through.
 * @param signal aborts when the client leaves, where the platform tells (workerd: flag `enable_request_signal`)
 * @returns the response, and a promise for `waitUntil` that settles with the body's end
 */
export function observeBody(
  response: Response,
  signal: AbortSignal | undefined,
  { within, onFirstByte, onEnd }: BodyObserver,
): { response: Response; done: Promise<void> } {
  const { readable, writable } = new (nativePassage() ?? TransformStream)<Uint8Array, Uint8Array>();
  const done = new Promise<void>((resolve) => {
    let idle: ReturnType<typeof setTimeout> | undefined;
    const end = (error?: unknown): void => {
      clearTimeout(idle);
      onEnd(error);
      resolve();
    };
    const onRead = (count: number): void => {
      if (count === 1) onFirstByte();
      clearTimeout(idle);
      idle = setTimeout(end, IDLE_MS);
    };
    onRead(0);
    signal?.addEventListener('abort', () => end());
    within(() => pass(response.body as ReadableStream<Uint8Array>, writable.getWriter(), onRead)).then(
      () => end(),
      end,
    );
  });
  return { response: new Response(readable, response), done };
}

async function pass(
  source: ReadableStream<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  onRead: (count: number) => void,
): Promise<void> {
  const { reader, read } = readerOf(source);
  const stop = (error: unknown): void => {
    // Expected: one of the two is broken, and refuses.
    reader.cancel(error).catch(() => undefined);
    writer.abort(error).catch(() => undefined);
  };
  // Where a client that leaves is told, there may be nothing to write.
  writer.closed.catch(stop);
  try {
    for (let count = 1; ; count++) {
      const { done, value } = await read();
      if (done) return await writer.close();
      onRead(count);
      await writer.write(value);
    }
  } catch (error) {
    stop(error);
    // Rejects when it was the source that broke.
    await reader.closed;
  }
}

function readerOf(source: ReadableStream<Uint8Array>) {
  try {
    if (nativePassage()) {
      const reader = source.getReader({ mode: 'byob' });
      let buffer = new ArrayBuffer(PIECE_BYTES);
      const read = async () => {
        const result = await reader.read(new Uint8Array(buffer));
        if (result.value) buffer = result.value.buffer;
        return result;
      };
      return { reader, read };
    }
  } catch {
    // expected: its chunks are JavaScript's
  }
  const reader = source.getReader();
  return { reader, read: () => reader.read() };
}
