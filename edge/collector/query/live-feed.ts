/** Tells open viewers that the store changed, at most twice a second however fast it does. */
export interface LiveFeed {
  changed(): void;
  /** A stream of server-sent events; `undefined` when too many are open. */
  open(): ReadableStream<Uint8Array> | undefined;
  /** Ends every stream. */
  close(): void;
}

const MIN_INTERVAL_MS = 500;
/** Proxies and browsers give up on silent streams after a minute or so. */
const HEARTBEAT_MS = 15_000;
/** Every stream is a socket; a person has a few tabs. */
const MAX_STREAMS = 100;

const encoder = new TextEncoder();

/** @param readVersion the store's version; asked only while somebody listens */
export function createLiveFeed(readVersion: () => Promise<number>): LiveFeed {
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let heartbeat: ReturnType<typeof setInterval> | undefined;

  const send = (text: string) => {
    const bytes = encoder.encode(text);
    for (const stream of streams) stream.enqueue(bytes);
  };
  const sendVersion = async () => {
    const version = await readVersion().catch(() => undefined); // expected: the store is closing
    if (version !== undefined) send(`event: changed\ndata: {"version":${version}}\n\n`);
  };
  const drop = (stream: ReadableStreamDefaultController<Uint8Array>) => {
    streams.delete(stream);
    if (streams.size > 0) return;
    clearInterval(heartbeat);
    heartbeat = undefined;
  };

  return {
    changed() {
      if (streams.size === 0 || timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        void sendVersion();
      }, MIN_INTERVAL_MS);
    },
    open() {
      if (streams.size >= MAX_STREAMS) return undefined;
      let own: ReadableStreamDefaultController<Uint8Array>;
      return new ReadableStream<Uint8Array>({
        start(controller) {
          own = controller;
          streams.add(own);
          heartbeat ??= setInterval(() => send(': \n\n'), HEARTBEAT_MS);
          // The version at once, so that a viewer that reconnects sees what it missed.
          void sendVersion();
        },
        cancel() {
          drop(own);
        },
      });
    },
    close() {
      clearTimeout(timer);
      for (const stream of [...streams]) {
        drop(stream);
        stream.close();
      }
    },
  };
}
