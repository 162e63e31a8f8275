import type { EpochMs } from '../wire/time.ts';

/** Without Web Locks a page that has not said that it is left, and wrote nothing for this long, is taken for gone. */
const ALIVE_MS = 10 * 60_000;

/** Who may send what the outbox holds: a page that lives sends its own, one page at a time what others left. */
export interface Claims {
  /** Says that `page` lives, until `release` or its end, a crash included. Calls `onHeld` when everybody can see it. */
  hold(page: string, onHeld: () => void): void;
  /** Must be called when the page is left: a held lock keeps it out of the back/forward cache. */
  release(): void;
  /** Runs `task` unless another page is at it. */
  alone(task: () => Promise<void>): Promise<unknown>;
  /** A test for whether a page that last wrote at `at` still lives, or cannot be told yet. */
  living(): Promise<(page: string, at: EpochMs) => boolean>;
}

/** Claims under `prefix`; on insecure origins, where Web Locks are missing, by age alone. */
export function createClaims(prefix: string): Claims {
  const { locks } = navigator as { locks?: LockManager };
  let letGo: (() => void) | undefined;
  return {
    hold(page, onHeld) {
      if (letGo) return;
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const held = () => {
        onHeld();
        return released;
      };
      if (locks)
        locks.request(prefix + page, held).catch(held); // expected: an origin without locks of its own
      else held();
    },
    release() {
      letGo?.();
      letGo = undefined;
    },
    alone: (task) =>
      locks ? locks.request(prefix, { ifAvailable: true }, (lock) => (lock ? task() : undefined)) : task(),
    async living() {
      const askedAt = Date.now();
      const held = new Set((await locks?.query())?.held?.map(({ name }) => name));
      // One that came after it was asked is not among them.
      return (page, at) => (locks ? at >= askedAt || held.has(prefix + page) : Math.abs(Date.now() - at) < ALIVE_MS);
    },
  };
}
