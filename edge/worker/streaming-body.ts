const EVENT_STREAM = 'text/event-stream';

/**
 * Whether a response body is still being made while it is sent. Only then is there something to wait for, and only
 * then may the body be touched: a body that is ready keeps its Content-Length and its fast way out.
 *
 * Nothing tells directly. But a stream made in JavaScript gives no BYOB reader, while strings, buffers and bodies from
 * fetch do. Byte streams made in JavaScript and JSON are not recognised, and encoded bodies are left alone: reading them
 * would decode them.
 * @param showsStreams false where every body is such a stream (Bun): then the headers have to say so
 */
export function isStreaming(response: Response, showsStreams: boolean): boolean {
  // Looking at a body costs more than a header, and JSON is made at once.
  const { headers } = response;
  if (headers.get('content-type')?.startsWith('application/json') || response.status === 101) return false;
  if (headers.has('content-encoding')) return false;
  if (!showsStreams && !headers.has('transfer-encoding') && !headers.get('content-type')?.startsWith(EVENT_STREAM))
    return false;
  const { body } = response;
  if (!body || body.locked) return false;
  if (!showsStreams) return true;
  try {
    body.getReader({ mode: 'byob' }).releaseLock();
    return false;
  } catch {
    return true; // expected: that is the answer
  }
}

/**
 * A client that left is not told to a stream in workerd, and 30 s later the platform drops what still waits. A body
 * nobody asked for so long has ended as far as the span can know.
 */
const IDLE_MS = 25_000;

export interface BodyObserver {
  /** Asks for the next part, in the context of the handler: what makes it may be its code. */
  within<T>(read: () => T): T;
  onFirstByte(): void;
  /** Called once: with the error of a body that broke, with `undefined` when it was sent or nobody reads on. */
  onEnd(error: unknown): void;
}

/**
 * The same response with its body observed. Nothing is buffered; back-pressure and cancellation go through.
 * @param signal aborts when the client leaves, where the platform tells (workerd: flag `enable_request_signal`)
 * @returns the response, and a promise for `waitUntil` that settles with the body's end
 */
export function observeBody(
  response: Response,
  signal: AbortSignal | undefined,
  observer: BodyObserver,
): { response: Response; done: Promise<void> } {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let settle: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let isFirst = true;
  let idle: ReturnType<typeof setTimeout> | undefined;
  const end = (error: unknown): void => {
    clearTimeout(idle);
    observer.onEnd(error);
    settle();
  };
  const wait = (): void => {
    clearTimeout(idle);
    idle = setTimeout(() => end(undefined), IDLE_MS);
  };
  wait();
  signal?.addEventListener('abort', () => end(undefined));
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done: isDone, value } = await observer.within(() => reader.read());
          if (isDone) {
            controller.close();
            end(undefined);
            return;
          }
          if (isFirst) observer.onFirstByte();
          isFirst = false;
          wait();
          controller.enqueue(value);
        } catch (error) {
          controller.error(error);
          end(error);
        }
      },
      cancel(reason) {
        end(undefined);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { response: new Response(body, response), done };
}
