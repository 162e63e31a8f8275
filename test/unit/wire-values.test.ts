import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeAttributes } from '../../src/wire/otlp.ts';
import { durationMs, msToUnixNano, unixNanoToMs } from '../../src/wire/time.ts';
import { redactUrl, templateOf } from '../../src/wire/url.ts';

test('epoch milliseconds become nanoseconds without losing a digit a double has', () => {
  expect(msToUnixNano(1763788800123.4568)).toMatch(/^1763788800123456\d{3}$/);
  expect(msToUnixNano(0.5)).toBe('500000');
  expect(msToUnixNano(1.9999999)).toBe('2000000');
  for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(msToUnixNano(bad)).toBe('0');
});

test('a time read back is the time written, to 0.3 µs', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), (ms) => {
      expect(Math.abs((unixNanoToMs(msToUnixNano(ms)) as number) - ms)).toBeLessThan(1e-3);
    }),
  );
  for (const bad of ['', 'abc', '-5', '1e3', null, {}]) expect(unixNanoToMs(bad)).toBeUndefined();
});

test('durations are exact to the nanosecond', () => {
  expect(durationMs('1763788800999999999', '1763788801000000001')).toBe(0.000002);
  expect(durationMs('1763788800000000000', '1763788805000000000')).toBe(5000);
  expect(durationMs('0', '1500000')).toBe(1.5);
});

test('attributes become typed OTLP values and what OTLP cannot hold is left out', () => {
  expect(
    encodeAttributes({
      s: 'x',
      i: 3,
      d: 0.5,
      b: false,
      n: null,
      u: undefined,
      inf: Number.POSITIVE_INFINITY,
      a: ['x', 1],
    }),
  ).toEqual([
    { key: 's', value: { stringValue: 'x' } },
    { key: 'i', value: { intValue: '3' } },
    { key: 'd', value: { doubleValue: 0.5 } },
    { key: 'b', value: { boolValue: false } },
    { key: 'inf', value: { doubleValue: 'Infinity' } },
    { key: 'a', value: { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '1' }] } } },
  ]);
});

test('URLs lose credentials, fragments and secret values, and keep the rest', () => {
  expect(redactUrl('https://u:p@shop.test/a?q=shoes&token=abc&X-Amz-Signature=f#s')).toBe(
    'https://REDACTED:REDACTED@shop.test/a?q=shoes&token=REDACTED&X-Amz-Signature=REDACTED',
  );
  expect(redactUrl('/api?sig=1', 'https://shop.test/')).toBe('https://shop.test/api?sig=REDACTED');
  expect(redactUrl('data:text/plain,secret')).toBe('data:');
  expect(redactUrl('http://')).toBe('');
});

test('the default route replaces what varies and leaves what names', () => {
  expect(templateOf('/products/42/reviews')).toBe('/products/{id}/reviews');
  expect(templateOf('/u/0af76519-16cd-43dd-8448-eb211c80319c')).toBe('/u/{uuid}');
  expect(templateOf('/blob/8f3a0c11de')).toBe('/blob/{hash}');
  expect(templateOf('/feed/dead-beef/checkout')).toBe('/feed/dead-beef/checkout');
  expect(templateOf('/')).toBe('/');
  expect(templateOf('')).toBe('/');
  expect(templateOf('/'.repeat(5000)).length).toBeLessThan(100);
});
