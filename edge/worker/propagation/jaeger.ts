import type { Propagator } from '../propagator.ts';

const HEADER = 'uber-trace-id';
const VALUE = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{1,16}:([0-9a-f]{1,2})$/;

/**
 * Jaeger's `uber-trace-id` of callers that know no `traceparent`; read only, what goes out is W3C.
 * @see https://www.jaegertracing.io/sdk-migration/#propagation-format
 */
export function jaeger(): Propagator {
  return {
    headers: [HEADER],
    read({ headers }) {
      const header = headers.get(HEADER);
      const match = header === null || header.length > 128 ? null : VALUE.exec(header.replaceAll('%3A', ':'));
      if (!match) return undefined;
      const [, traceId = '', spanId = '', flags = ''] = match;
      const sampled = Number.parseInt(flags, 16) & 1;
      return { traceparent: `00-${traceId.padStart(32, '0')}-${spanId.padStart(16, '0')}-0${sampled}` };
    },
  };
}
