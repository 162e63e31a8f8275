import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NewestTraces } from '../../edge/store/newest-traces.ts';
import { type Cursor, comparePlaces } from '../../edge/store/search.ts';
import { StartOrder, type StartPlace } from '../../edge/store/start-order.ts';

const start = fc.integer({ min: 0, max: 50 });
const id = fc.integer({ min: 0, max: 5 }).map((digit) => String(digit).repeat(32));

test('the newest are those that sorting everything gives, in whatever order they are offered', () => {
  const traces = fc.array(fc.record({ startUs: start, traceId: id }), { maxLength: 60 });
  fc.assert(
    fc.property(traces, fc.integer({ min: 1, max: 20 }), (offered: Cursor[], count) => {
      const newest = new NewestTraces<Cursor>(count);
      for (const trace of offered) newest.add(trace);
      const sorted = [...offered].sort(comparePlaces).slice(0, count);
      expect(newest.all()).toEqual(sorted);
      expect(newest.last).toEqual(sorted.length === count ? sorted.at(-1) : undefined);
    }),
  );
});

test('an order tells who is left, newest first, also after most have gone', () => {
  const steps = fc.array(fc.record({ startUs: start, givesUp: fc.boolean(), which: fc.nat() }), {
    minLength: 1000,
    maxLength: 1500,
  });
  fc.assert(
    fc.property(steps, start, (all, toUs) => {
      const order = new StartOrder<number>();
      const left: { item: number; place: StartPlace<number> }[] = [];
      all.forEach(({ startUs, givesUp, which }, item) => {
        if (!givesUp || left.length === 0) left.push({ item, place: order.add(item, startUs) });
        else for (const { place } of left.splice(which % left.length, 3)) order.giveUp(place);
      });
      const within = left.filter(({ place }) => place.startUs <= toUs);
      const told = [...order.newestFirst(toUs)];
      expect([...told].sort()).toEqual(within.map(({ item }) => item).sort());
      const starts = told.map((item) => left.find((one) => one.item === item)?.place.startUs ?? Number.NaN);
      expect(starts).toEqual([...starts].sort((a, b) => b - a));
      const every = left.map(({ place }) => place.startUs);
      const bounds = { oldestUs: Math.min(...every), newestUs: Math.max(...every) };
      expect(order.bounds()).toEqual(every.length === 0 ? undefined : bounds);
    }),
    { numRuns: 30 },
  );
});
