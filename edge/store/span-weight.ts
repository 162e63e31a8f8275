import type { OtlpSpan } from '../../src/wire/otlp.ts';
import { adjustedCount, OT_KEY, parseOt } from '../../src/wire/sampling.ts';
import { parseTracestate } from '../../src/wire/tracestate.ts';

// What a page says of its sampling is taken up to here: one forged threshold must not outweigh everybody else.
const MAX_WEIGHT = 10_000;

/** W3C trace flags: the ids are random, and the trace was not sampled. */
const RANDOM = 2;
const SAMPLED_AND_RANDOM = 3;

/**
 * How many spans a span stands for, by the threshold it was sampled with; 1 when none is told. 0 for what an unsampled
 * session told of an error after all: the sessions that were sampled stand for it already.
 */
export function spanWeight(span: OtlpSpan): number {
  if (((span.flags ?? SAMPLED_AND_RANDOM) & SAMPLED_AND_RANDOM) === RANDOM) return 0;
  if (!span.traceState?.includes('th:')) return 1;
  const ot = parseTracestate(span.traceState)?.find(([key]) => key === OT_KEY)?.[1];
  const { th } = parseOt(ot);
  return th === undefined ? 1 : Math.min(MAX_WEIGHT, adjustedCount(th));
}
