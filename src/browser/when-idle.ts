import { guard, type Stop } from './guard.ts';

/** A page that is never idle, or left at once, must not go without what waits. */
const MAX_WAIT_MS = 200;

/**
 * Runs `work` in a task of its own when the page has nothing better to do, soon in any case.
 * @returns calls it off
 */
export function whenIdle(work: () => void): Stop {
  let isWanted = true;
  const run = guard(() => {
    if (isWanted) work();
  });
  // Safari has no idle callbacks.
  if ('requestIdleCallback' in globalThis) requestIdleCallback(run, { timeout: MAX_WAIT_MS });
  else setTimeout(run);
  return () => {
    isWanted = false;
  };
}
