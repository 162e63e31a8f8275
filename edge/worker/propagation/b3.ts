import type { Propagator } from '../propagator.ts';

const SINGLE = 'b3';
const TRACE_ID = 'x-b3-traceid';
const SPAN_ID = 'x-b3-spanid';
const SAMPLED = 'x-b3-sampled';
const FLAGS = 'x-b3-flags';
const VALUE = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d]))?(?:-[0-9a-f]{16})?$/;

/**
 * B3 headers of callers that know no `traceparent`, single and multiple; read only, what goes out is W3C. An absent
 * sampling state counts as sampled, 64-bit trace ids are padded with zeros.
 * @see https://github.com/openzipkin/b3-propagation
 */
export function b3(): Propagator {
  return {
    headers: [SINGLE, TRACE_ID, SPAN_ID, SAMPLED, FLAGS, 'x-b3-parentspanid'],
    read({ headers }) {
      const single = headers.get(SINGLE);
      const value = single ?? [headers.get(TRACE_ID), headers.get(SPAN_ID), sampledOf(headers)].join('-');
      const match = value.length > 128 ? null : VALUE.exec(value);
      if (!match) return undefined;
      const [, traceId = '', spanId, sampled] = match;
      return { traceparent: `00-${traceId.padStart(32, '0')}-${spanId}-0${sampled === '0' ? 0 : 1}` };
    },
  };
}

function sampledOf(headers: Headers): string {
  return headers.get(FLAGS) === '1' || headers.get(SAMPLED) !== '0' ? '1' : '0';
}
