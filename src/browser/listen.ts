import { guard, type Stop } from './guard.ts';

/** Adds guarded capturing, passive listeners for `types`; the page's own listeners are not touched. */
export function listen<E extends Event>(target: EventTarget, types: string, handler: (event: E) => void): Stop {
  const guarded = guard(handler) as (event: Event) => void;
  const options = { capture: true, passive: true };
  const names = types.split(' ');
  for (const type of names) target.addEventListener(type, guarded, options);
  return () => {
    for (const type of names) target.removeEventListener(type, guarded, options);
  };
}

/**
 * Calls `handler` each time the page is hidden or left, at the latest moment at which something can still be sent.
 * `pagehide` can come while the page still counts as visible, and `visibilitychange` not at all (Safari), so both.
 */
export function onHidden(handler: () => void): Stop {
  return listen(window, 'visibilitychange pagehide', (event) => {
    if (event.type === 'pagehide' || document.visibilityState === 'hidden') handler();
  });
}
