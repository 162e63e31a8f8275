import { formatTraceparent, parseTraceparent, type TraceParent } from './traceparent.ts';

/**
 * The Server-Timing metrics that carry a span context back to the caller: `traceparent` is what browser agents read
 * today, `trace` is the name in the W3C Trace Context level 3 draft. We write both and read either.
 */
export const SERVER_TIMING = 'server-timing';
export const SERVER_TIMING_METRICS = ['traceparent', 'trace'] as const;

/** The Server-Timing header value that announces `context`. Append it; a response may have other metrics. */
export function formatServerTiming(context: TraceParent): string {
  const description = formatTraceparent(context);
  return SERVER_TIMING_METRICS.map((name) => `${name};desc="${description}"`).join(', ');
}

/** The context among a resource's `serverTiming` entries, or `undefined`. */
export function readServerTiming(
  entries: ReadonlyArray<{ name: string; description: string }> | undefined,
): TraceParent | undefined {
  for (const metric of SERVER_TIMING_METRICS) {
    const found = parseTraceparent(entries?.find(({ name }) => name === metric)?.description);
    if (found) return found;
  }
  return undefined;
}
