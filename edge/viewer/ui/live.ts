import { signal } from '@preact/signals';
import { request } from './api.ts';

export type LiveState = 'connecting' | 'live' | 'paused' | 'lost';

export const liveState = signal<LiveState>('connecting');

/** Waits between attempts to reach a collector that went away: it may be restarting, so soon at first. */
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

const listeners = new Set<() => void>();
let connection: AbortController | undefined;

/** Calls back whenever the store changed, while live. Returns how to stop. */
export function onStoreChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Follows `/api/live`. Read with fetch instead of EventSource, because that cannot carry the read token; reconnects for
 * as long as it is not paused, and tells listeners each time it connects, since changes before that were missed.
 */
export function startLive(): void {
  if (connection) return;
  connection = new AbortController();
  void follow(connection.signal);
}

export function pauseLive(): void {
  connection?.abort();
  connection = undefined;
  liveState.value = 'paused';
}

async function follow(stop: AbortSignal): Promise<void> {
  let failures = 0;
  while (!stop.aborted) {
    if (liveState.peek() !== 'lost') liveState.value = 'connecting';
    try {
      const response = await request('/api/live', stop);
      const reader = response.body?.getReader();
      if (!reader) throw new Error('The live answer has no body');
      liveState.value = 'live';
      failures = 0;
      notify();
      await readEvents(reader);
    } catch {
      // expected: the collector is down, restarting, or wants a token; the loop tries again and the state says so
    }
    if (stop.aborted) return;
    liveState.value = 'lost';
    await wait(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] as number, stop);
    failures += 1;
  }
}

async function readEvents(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let buffered = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffered += decoder.decode(value, { stream: true });
    const blocks = buffered.split(/\r?\n\r?\n/);
    buffered = blocks.pop() ?? '';
    if (blocks.some((block) => /^event: ?changed\r?$/m.test(block))) notify();
  }
}

function notify(): void {
  for (const listener of listeners) listener();
}

function wait(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
