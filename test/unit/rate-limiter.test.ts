import { describe, expect, test } from 'vitest';
import { createRateLimiter, networkOf } from '../../edge/collector/ingest/rate-limiter.ts';
import { Refusal } from '../../edge/collector/ingest/refusal.ts';

const limits = {
  keyBytesPerSecond: 100_000,
  keyRecordsPerSecond: 100,
  networkBytesPerSecond: 10_000,
  networkRecordsPerSecond: 10,
};

const NOTHING = { bytes: 0, records: 0 };

function setUp() {
  let nowMs = 1_000_000;
  const limiter = createRateLimiter(limits, () => nowMs);
  /** What a request from there would be answered with now. */
  const refusalOf = (address: string, keyId = 'web') => {
    try {
      limiter.admit({ keyId, address }, NOTHING);
      return undefined;
    } catch (error) {
      return error as Refusal;
    }
  };
  /** A request that was let in turns out to be this. */
  const charge = (address: string, used: { bytes: number; records: number }, keyId = 'web') =>
    limiter.settle({ keyId, address }, NOTHING, used);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { limiter, charge, refusalOf, pass };
}

describe('rates', () => {
  test('a network that used up its burst is refused until it is refilled, others are not', () => {
    const { charge, refusalOf, pass } = setUp();
    for (let i = 0; i < 9; i++) {
      expect(refusalOf('198.51.100.7')).toBeUndefined();
      charge('198.51.100.7', { bytes: 0, records: 12 });
    }
    const refusal = refusalOf('198.51.100.99');
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal?.status).toBe(429);
    expect(refusal?.retryAfter).toBe(2);
    expect(refusalOf('198.51.101.7')).toBeUndefined();
    pass(700);
    expect(refusalOf('198.51.100.7')).toBeDefined();
    pass(200);
    expect(refusalOf('198.51.100.7')).toBeUndefined();
  });

  test('many at once are counted before the first of them is read, and corrected after', () => {
    const { limiter, refusalOf } = setUp();
    const sender = { keyId: 'web', address: '192.0.2.1' };
    const expected = { bytes: 20_000, records: 25 };
    for (let i = 0; i < 4; i++) limiter.admit(sender, expected);
    expect(refusalOf('192.0.2.1')).toBeDefined();
    limiter.settle(sender, expected, { bytes: 2000, records: 3 });
    expect(refusalOf('192.0.2.1')).toBeUndefined();
  });

  test('a key used from everywhere is refused by its own rate, another key is not', () => {
    const { charge, refusalOf } = setUp();
    for (let i = 0; i < 101; i++) charge(`203.0.${i}.1`, { bytes: 11_024, records: 1 });
    expect(refusalOf('192.0.2.1')?.status).toBe(429);
    expect(refusalOf('192.0.2.1', 'other')).toBeUndefined();
  });

  test('empty requests are not free, and Retry-After has an end', () => {
    const { charge, refusalOf } = setUp();
    let admitted = 0;
    while (!refusalOf('192.0.2.1')) admitted += 1;
    expect(admitted).toBe(98);
    charge('192.0.2.1', { bytes: 1e9, records: 0 });
    expect(refusalOf('192.0.2.1')?.retryAfter).toBe(60);
  });

  test('a clock that is set back gives nothing and takes nothing', () => {
    const { charge, refusalOf, pass } = setUp();
    pass(-3_600_000);
    expect(refusalOf('192.0.2.1')).toBeUndefined();
    charge('192.0.2.1', { bytes: 200_000, records: 0 });
    pass(-3_600_000);
    expect(refusalOf('192.0.2.1')).toBeDefined();
  });

  test('a flood from very many networks is forgotten and does not slow down', () => {
    const { charge, refusalOf } = setUp();
    const startedMs = performance.now();
    for (let i = 0; i < 200_000; i++) charge(`2001:db8:${(i & 0xffff).toString(16)}::1`, NOTHING, `k${i % 3}`);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(refusalOf('2001:db8:1::1', 'fresh')).toBeUndefined();
  });
});

test.each([
  ['198.51.100.7', '198.51.100'],
  ['::ffff:198.51.100.7', '198.51.100'],
  ['127.0.0.1', undefined],
  ['::1', undefined],
  ['2001:DB8:0:1::5', '2001:db8:0'],
  ['2001:db8::1', '2001:db8:0'],
  ['fe80::1%eth0', 'fe80:0:0'],
  ['unknown', undefined],
  ['', undefined],
])('%s is counted as %s', (address, network) => expect(networkOf(address)).toBe(network));
