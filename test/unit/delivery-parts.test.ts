import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Chunk, encodeBody, packChunks, utf8Bound } from '../../src/delivery/chunk.ts';
import { closeBooks, createLedger } from '../../src/delivery/ledger.ts';
import { createPace, parseRetryAfter } from '../../src/delivery/pace.ts';
import { createQueue } from '../../src/delivery/queue.ts';
import { decodeLedger, encodeLedger, type LedgerTotals, unknownLoss } from '../../src/wire/ledger.ts';

const chunk = (id: string, bytes: number, resource = '{"attributes":[]}'): Chunk => ({
  id,
  page: 'a'.repeat(16),
  at: 0,
  rank: 2,
  resource,
  spans: [`"${'x'.repeat(Math.max(0, bytes - 3))}"`],
  logs: ['{"l":1}'],
  records: 2,
  bytes: bytes + 8,
});

test('Retry-After is read as seconds or as a date, and nothing else is believed', () => {
  const now = Date.UTC(2026, 10, 22, 9, 0, 0);
  expect(parseRetryAfter('20', now)).toBe(20_000);
  expect(parseRetryAfter(' 0 ', now)).toBe(0);
  expect(parseRetryAfter('Sun, 22 Nov 2026 09:00:30 GMT', now)).toBe(30_000);
  expect(parseRetryAfter('Sun, 22 Nov 2026 08:00:00 GMT', now)).toBe(0);
  for (const bad of [null, '', '-5', '1.5', 'soon', '1e3', 'Mon, nonsense'])
    expect(parseRetryAfter(bad, now)).toBeUndefined();
});

test('no history of answers makes a page send more than 85 requests in any minute', () => {
  const answer = fc.constantFrom('ok', 'fail', 'asked', 'hurry');
  fc.assert(
    fc.property(
      fc.array(fc.record({ answer, exit: fc.boolean(), pause: fc.nat(50) }), { maxLength: 3000 }),
      (steps) => {
        let now = 0;
        const pace = createPace(
          () => now,
          () => 0.5,
        );
        const sentAt: number[] = [];
        for (const { answer, exit, pause } of steps) {
          now += pause;
          if (pace.take(exit)) sentAt.push(now);
          if (answer === 'ok') pace.succeeded();
          if (answer === 'fail') pace.failed();
          if (answer === 'asked') pace.failed(0);
          if (answer === 'hurry') pace.hurry();
        }
        for (let i = 85; i < sentAt.length; i++) {
          expect((sentAt[i] as number) - (sentAt[i - 85] as number)).toBeGreaterThan(60_000);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('waits double with each failure up to a minute, and never come down to nothing', () => {
  let now = 0;
  const pace = createPace(
    () => now,
    () => 0,
  );
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    pace.failed();
    waits.push(pace.waitMs());
    now += 60_000;
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('a Retry-After is waited for, with a little more and never less, also after the network came back; an absurd one is cut', () => {
  let random = 0;
  const pace = createPace(
    () => 0,
    () => random,
  );
  pace.failed(20_000);
  expect(pace.waitMs()).toBe(20_000);
  pace.hurry();
  expect(pace.waitMs()).toBe(20_000);
  random = 1;
  pace.failed(20_000);
  expect(pace.waitMs()).toBeCloseTo(22_000);
  pace.failed(10 * 365 * 86_400_000);
  expect(pace.waitMs()).toBeLessThanOrEqual(330_000);
});

test('packing never passes the limit the platform sets, whatever is in it', () => {
  const chunks = fc.array(fc.tuple(fc.integer({ min: 3, max: 20_000 }), fc.constantFrom('{"a":1}', '{"b":"é€😀"}')));
  fc.assert(
    fc.property(chunks, fc.integer({ min: 4000, max: 61_440 }), (sizes, limit) => {
      const packed = packChunks(
        sizes.map(([bytes, resource], index) => chunk(String(index), bytes, resource)),
        limit,
      );
      const body = encodeBody(packed, { name: 'throughline/browser', version: '1.2.3' }, 1763788800000.5, ['{"t":1}']);
      if (packed.length > 0) expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(limit);
    }),
  );
  expect(packChunks([chunk('big', 9000), chunk('small', 100)], 6000).map(({ id }) => id)).toEqual(['small']);
});

test('the byte bound is exact for ASCII and never too small', () => {
  expect(utf8Bound('abc')).toBe(3);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Bound(text)).toBeGreaterThanOrEqual(new TextEncoder().encode(text).length);
    }),
  );
});

test('when memory is full the oldest of the lowest priority goes, errors last', () => {
  const evicted: number[] = [];
  const queue = createQueue({
    ledger: { page: 'p' },
    now: () => 0,
    resource: () => '{}',
    isKept: () => false,
    onEvict: ({ rank }) => evicted.push(rank),
  });
  queue.add('logs', 'e'.repeat(20_000), 'error');
  for (let i = 0; i < 60; i++) queue.add('spans', 'n'.repeat(20_000), 'normal');
  expect(queue.bytes()).toBeLessThanOrEqual(1024 * 1024);
  expect(new Set(evicted)).toEqual(new Set([2]));
  expect([...queue.chunks.values()][0]?.rank).toBe(0);
  for (let i = 0; i < 60; i++) queue.add('logs', 'e'.repeat(20_000), 'error');
  expect(queue.bytes()).toBeLessThanOrEqual(1024 * 1024);
  expect([...queue.chunks.values()].every(({ rank }) => rank === 0)).toBe(true);
});

test('books that are closed add up, whatever they were found beside, and no count shrinks', () => {
  const count = fc.nat(1000);
  const row = fc.record({ produced: count, unsampled: count, acknowledged: count, pending: count, lost: count });
  fc.assert(
    fc.property(row, count, ({ lost, ...counts }, inMemory) => {
      const ledger = { ...createLedger('a'.repeat(16)), ...counts, dropped: { device_lost: lost } };
      const before = structuredClone(ledger);
      closeBooks(ledger, inMemory);
      expect(unknownLoss(ledger)).toBe(inMemory);
      expect(ledger.produced).toBeGreaterThanOrEqual(before.produced);
      expect(ledger.dropped.device_lost).toBeGreaterThanOrEqual(lost);
      expect(ledger).toMatchObject({ acknowledged: before.acknowledged, pending: before.pending });
      // Closed once, they are as they are.
      const closed = structuredClone(ledger);
      closeBooks(ledger, inMemory);
      expect(ledger).toEqual(closed);
    }),
  );
});

test('a ledger read back is the ledger written; nonsense is no ledger, or counts as 0', () => {
  const totals: LedgerTotals = {
    produced: 20,
    unsampled: 3,
    acknowledged: 10,
    pending: 2,
    stored: 7,
    unstored: 0,
    dropped: { queue_full: 4, page_exit: 1 },
  };
  const ledger = { page: '0123456789abcdef', session: 'c'.repeat(32), totals };
  const record = encodeLedger(ledger, 1763788800000);
  expect(decodeLedger(JSON.parse(JSON.stringify(record)))).toEqual(ledger);
  expect(unknownLoss(totals)).toBe(0);
  expect(decodeLedger({ ...record, eventName: 'exception' })).toBeUndefined();
  expect(decodeLedger({ ...record, attributes: [] })).toBeUndefined();
  const hostile = (record.attributes ?? []).map(({ key, value }) =>
    value?.intValue === undefined ? { key, value: value ?? {} } : { key, value: { intValue: '-1' } },
  );
  expect(decodeLedger({ ...record, attributes: hostile })?.totals).toMatchObject({ produced: 0, dropped: {} });
});
