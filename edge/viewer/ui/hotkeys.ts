import { useEffect, useRef } from 'preact/hooks';

/** Keys by `KeyboardEvent.key`; a handler that returns `false` leaves the key to the page. */
export type Hotkeys = Record<string, (event: KeyboardEvent) => unknown>;

/** Keys for the whole window while a component is there; typing into a field and browser shortcuts are left alone. */
export function useHotkeys(hotkeys: Hotkeys): void {
  const latest = useRef(hotkeys);
  latest.current = hotkeys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) && event.key !== 'Escape') return;
      if (!Object.hasOwn(latest.current, event.key)) return;
      if (latest.current[event.key]?.(event) !== false) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'radio';
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
