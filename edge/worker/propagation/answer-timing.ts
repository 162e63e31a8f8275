import { formatServerTiming, SERVER_TIMING } from '../../../src/wire/server-timing.ts';
import { origins } from '../origins.ts';
import type { Propagator } from '../propagator.ts';
import { isSharedCacheable } from '../shared-cacheable.ts';
import { callerOrigin } from '../trust.ts';

/**
 * Tells callers at the origins in `to` which span answered them: `Server-Timing: traceparent;desc=…, trace;desc=…`, with
 * `Timing-Allow-Origin` for that origin alone. Nobody else gets either, nor does an answer a shared cache may keep.
 */
export function answerTiming({ to }: { to: readonly string[] }): Propagator {
  const isTo = origins(to, 'answerTiming.to');
  return {
    headers: [],
    answer(request, response, span) {
      const { origin } = callerOrigin(request);
      if (origin === undefined || !isTo(origin) || isSharedCacheable(response)) return undefined;
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        [SERVER_TIMING]: formatServerTiming({ traceId, spanId, flags: traceFlags }),
        'timing-allow-origin': origin,
        vary: 'origin',
      };
    },
  };
}
