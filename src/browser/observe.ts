import { guard, type Stop } from './guard.ts';

/**
 * Observes performance entries of one type, those before the call included.
 * @returns stops; a type the browser does not know is never observed
 */
export function observe<E extends PerformanceEntry>(type: string, handler: (entry: E) => void, options?: object): Stop {
  try {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return () => {};
    const observer = new PerformanceObserver(guard((list) => list.getEntries().forEach(handler as () => void)));
    observer.observe({ type, buffered: true, ...options });
    return () => observer.disconnect();
  } catch {
    return () => {}; // expected: no PerformanceObserver, or one that knows no `type`
  }
}
