import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSpanId, createTraceId, isSpanId, isTraceId } from '../../src/wire/ids.ts';
import { adjustedCount, isKept, parseOt, thresholdOf, withSamplingState } from '../../src/wire/sampling.ts';

test('thresholds are those the OpenTelemetry specification works out', () => {
  expect(thresholdOf(1)).toBe('0');
  expect(thresholdOf(0.5)).toBe('8');
  expect(thresholdOf(0.25)).toBe('c');
  expect(thresholdOf(0.1)).toBe('e666');
  expect(thresholdOf(0.01)).toBe('fd70a');
  expect(thresholdOf(0)).toBeUndefined();
  expect(thresholdOf(Number.NaN)).toBeUndefined();
});

test('a threshold keeps its probability, and the adjusted count is its inverse', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), (probability) => {
      const threshold = thresholdOf(probability) as string;
      expect(adjustedCount(threshold) * probability).toBeCloseTo(1, 3);
    }),
  );
  expect(adjustedCount('ffffffffffffff')).toBe(2 ** 56);
});

test('of random trace ids the share kept is the probability asked for', () => {
  const threshold = thresholdOf(0.1) as string;
  let kept = 0;
  for (let i = 0; i < 20_000; i++) if (isKept(createTraceId().slice(-14), threshold)) kept += 1;
  // 99.99 % of binomial(20000, 0.1) lies within four standard deviations of 42.
  expect(Math.abs(kept - 2000)).toBeLessThan(4 * 43);
});

test('ot keeps sub-keys it does not know and drops what breaks the grammar', () => {
  expect(parseOt('th:fd70a;rv:1234567890abcd;zz:1')).toEqual({ th: 'fd70a', rv: '1234567890abcd' });
  expect(parseOt('th:FD;rv:12')).toEqual({});
  expect(
    withSamplingState(
      [
        ['a', 'b'],
        ['ot', 'zz:1;th:0'],
      ],
      { th: '8' },
    ),
  ).toEqual([
    ['ot', 'th:8;zz:1'],
    ['a', 'b'],
  ]);
  expect(withSamplingState([['ot', 'th:8']], {})).toEqual([]);
});

test('ids are random, lower-case hex of the right length', () => {
  const seen = new Set(Array.from({ length: 1000 }, createTraceId));
  expect(seen.size).toBe(1000);
  expect([...seen].every(isTraceId)).toBe(true);
  expect(isSpanId(createSpanId())).toBe(true);
  expect(isTraceId('0'.repeat(32))).toBe(false);
  expect(isTraceId('A'.repeat(32))).toBe(false);
});
