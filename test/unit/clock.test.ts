import { expect, test } from 'vitest';
import { createClock } from '../../src/browser/clock.ts';

function clockAt(startMs: number) {
  let wall = startMs;
  let monotonic = 0;
  let isHeld = false;
  const clock = createClock({
    isHeld: () => isHeld,
    wallMs: () => Math.floor(wall),
    monotonicMs: () => monotonic,
  });
  return {
    clock,
    hold(on: boolean) {
      isHeld = on;
    },
    pass(ms: number) {
      wall += ms;
      monotonic += ms;
    },
    setBy(ms: number) {
      wall += ms;
    },
  };
}

const NOON = Date.UTC(2026, 10, 22, 12);

test('while nobody touches the clock, times run with the monotonic clock, fractions included', () => {
  const { clock, pass } = clockAt(NOON);
  const first = clock.now();
  expect(Math.abs(first - NOON)).toBeLessThanOrEqual(100);
  pass(12.34);
  expect(clock.now() - first).toBeCloseTo(12.34, 3);
  expect(clock.at(12.34)).toBe(clock.now());
});

test.each([
  ['sleeps eight hours', 8 * 3_600_000],
  ['is set ahead an hour', 3_600_000],
  ['is set back an hour', -3_600_000],
  ['is stepped back five seconds', -5000],
])('after a system that %s, new times follow the wall clock and old ones stay', (_, jumpMs) => {
  const { clock, pass, setBy } = clockAt(NOON);
  clock.now();
  pass(1000);
  const before = clock.at(1000);
  setBy(jumpMs);
  pass(10);
  expect(Math.abs(clock.now() - (NOON + 1010 + jumpMs))).toBeLessThanOrEqual(1);
  expect(clock.at(1000)).toBe(before);
  expect(clock.at(1010)).toBe(clock.now());
});

test('a page that drifts all day remembers its first time, and no more than it needs', () => {
  const { clock, pass, setBy } = clockAt(NOON);
  const first = clock.at(0);
  for (let hour = 0; hour < 100; hour++) {
    pass(3_600_000);
    setBy(5000);
    clock.now();
  }
  expect(Math.abs(clock.now() - (NOON + 100 * 3_605_000))).toBeLessThanOrEqual(100);
  expect(clock.at(0)).toBe(first);
});

test('a page opened long after the browser measured its time origin starts by the wall clock', () => {
  const { clock, pass } = clockAt(NOON);
  pass(20);
  expect(clock.at(0)).toBe(NOON);
  expect(clock.now()).toBe(NOON + 20);
});

test('a clock set while an activity is open is followed when it is over, so that the activity keeps its length', () => {
  const { clock, pass, setBy, hold } = clockAt(NOON);
  hold(true);
  const start = clock.now();
  setBy(3_600_000);
  pass(50);
  expect(clock.now() - start).toBe(50);
  hold(false);
  expect(clock.now() - start).toBe(3_600_050);
});
