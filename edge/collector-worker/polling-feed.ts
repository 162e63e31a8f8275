import type { LiveFeed } from '../collector/query/live-feed.ts';

const encoder = new TextEncoder();
/** Every look asks all shards; a person hardly sees the difference. */
const INTERVAL_MS = 3_000;
/** So many looks without news, then a comment keeps the connection open. */
const HEARTBEAT_LOOKS = 5;

/**
 * Tells open viewers that the store changed by looking at its version: the isolate that stored something is another
 * than the one a viewer is connected to, and no stream may be written by a request that did not open it.
 */
export function createPollingFeed(readVersion: () => Promise<number>): LiveFeed {
  return {
    changed: () => undefined,
    open() {
      let isOpen = true;
      let last: number | undefined;
      const next = async (): Promise<string> => {
        for (let look = 0; isOpen && look < HEARTBEAT_LOOKS; look += 1) {
          if (last !== undefined) await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
          const version = await readVersion();
          if (version === last) continue;
          last = version;
          return `event: changed\ndata: {"version":${version}}\n\n`;
        }
        return ': \n\n';
      };
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          controller.enqueue(encoder.encode(await next()));
        },
        cancel() {
          isOpen = false;
        },
      });
    },
    close: () => undefined,
  };
}
