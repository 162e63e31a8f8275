import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { TraceIdFilter } from '../../edge/store/sqlite/trace-id-filter.ts';

// Trace ids are random; these are so every time.
const id = (n: number): string => createHash('md5').update(String(n)).digest('hex');
const COUNT = 60_000;

test('a filter never denies a trace that was added, however far it grew, and rarely takes another for one', () => {
  const filter = new TraceIdFilter(0);
  for (let n = 0; n < COUNT; n += 1) filter.add(id(n));
  let denied = 0;
  let mistaken = 0;
  for (let n = 0; n < COUNT; n += 1) {
    if (!filter.has(id(n))) denied += 1;
    if (filter.has(id(COUNT + n))) mistaken += 1;
  }
  expect(denied).toBe(0);
  expect(mistaken / COUNT).toBeLessThan(0.02);
});
