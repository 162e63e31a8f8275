import type { EpochMs } from '../wire/time.ts';

/** Without Web Locks a page that wrote nothing for this long is taken for gone. */
const ALIVE_MS = 60_000;

/** Who may send what the outbox holds: a page that lives sends its own, one page at a time what others left. */
export interface Claims {
  /** Says that this page lives, until `release` or the end of the page, a crash included. */
  hold(): void;
  /** Must be called when the page is left: a held lock keeps it out of the back/forward cache. */
  release(): void;
  /** Runs `task` unless another page is at it. */
  alone(task: () => Promise<void>): Promise<void>;
  /** A test for whether a page that last wrote at `at` still lives. */
  living(): Promise<(page: string, at: EpochMs | undefined) => boolean>;
}

/** Claims under `prefix`; on insecure origins, where Web Locks are missing, by age alone. */
export function createClaims(prefix: string, page: string): Claims {
  const { locks } = navigator as { locks?: LockManager };
  let letGo: (() => void) | undefined;
  return {
    hold() {
      if (letGo) return;
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      locks?.request(prefix + page, () => released).catch(() => {}); // expected: a page that is being left
    },
    release() {
      letGo?.();
      letGo = undefined;
    },
    async alone(task) {
      if (!locks) return task();
      await locks.request(prefix, { ifAvailable: true }, (lock) => (lock ? task() : undefined));
    },
    async living() {
      const held = new Set((await locks?.query())?.held?.map(({ name }) => name));
      return (other, at) => (locks ? held.has(prefix + other) : Math.abs(Date.now() - (at ?? 0)) < ALIVE_MS);
    },
  };
}
