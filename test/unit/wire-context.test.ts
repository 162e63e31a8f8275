import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBaggage, parseBaggage } from '../../src/wire/baggage.ts';
import { formatServerTiming, readServerTiming } from '../../src/wire/server-timing.ts';
import { formatTraceparent, parseTraceparent } from '../../src/wire/traceparent.ts';
import { formatTracestate, parseTracestate } from '../../src/wire/tracestate.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';

describe('traceparent', () => {
  test.each([
    [`00-${T}-${S}-01`, 1],
    [`00-${T}-${S}-03`, 3],
    [`00-${T}-${S}-ff`, 3],
    [` \t00-${T}-${S}-00\t `, 0],
    [`01-${T}-${S}-01`, 1],
    [`cc-${T}-${S}-01-what-the-future-brings`, 1],
  ])('reads %j', (header, flags) => {
    expect(parseTraceparent(header)).toEqual({ traceId: T, spanId: S, flags });
  });

  test.each([
    ['nothing', ''],
    ['upper case', `00-${T.toUpperCase()}-${S}-01`],
    ['more than version 00 has', `00-${T}-${S}-01-`],
    ['version ff', `ff-${T}-${S}-01`],
    ['a zero trace id', `00-${'0'.repeat(32)}-${S}-01`],
    ['a zero parent id', `00-${T}-${'0'.repeat(16)}-01`],
    ['two lines joined', `00-${T}-${S}-01, 00-${T}-${S}-01`],
    ['a later version with a dot after the flags', `cc-${T}-${S}-01.`],
    ['64 KiB', `01-${T}-${S}-01-${'a'.repeat(65536)}`],
  ])('refuses %s', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  test('writes version 00 with the two known flags only', () => {
    expect(formatTraceparent({ traceId: T, spanId: S, flags: 0xff })).toBe(`00-${T}-${S}-03`);
  });
});

describe('tracestate', () => {
  test('keeps order, tolerates white space and empty members, keeps the first of a duplicate', () => {
    expect(parseTracestate('foo=1 , ,bar=2,foo=3')).toEqual([
      ['foo', '1'],
      ['bar', '2'],
    ]);
  });
  test.each(['FOO=1', 'foo =1', 'foo=', 'foo=bar=baz', '@foo=1', `${'k'.repeat(257)}=1`, 'foo.bar=1'])(
    'discards the whole header for %j',
    (header) => expect(parseTracestate(`ok=1,${header}`)).toBeUndefined(),
  );
  test('holds 32 members and no more', () => {
    const members = (n: number) => Array.from({ length: n }, (_, i) => `k${i}=v`).join(',');
    expect(parseTracestate(members(32))).toHaveLength(32);
    expect(parseTracestate(members(33))).toBeUndefined();
  });
  test('when it must cut, long members go first, then the right end', () => {
    const long = 'x'.repeat(200);
    const header = formatTracestate([
      ['a', '1'],
      ['long1', long],
      ['b', '2'],
      ['long2', long],
      ['long3', long],
    ]);
    expect(header).toBe(`a=1,long1=${long},b=2,long2=${long}`);
  });
});

describe('baggage', () => {
  test('reads values, properties, percent escapes and invalid UTF-8 as the specification says', () => {
    const entries = parseBaggage('a=1;p=x , b=%C3%A9%20=, c=,__proto__=x,d=%ff,bad key=1');
    expect([...entries]).toEqual([
      ['a', { value: '1', properties: 'p=x' }],
      ['b', { value: 'é =' }],
      ['c', { value: '' }],
      ['__proto__', { value: 'x' }],
      ['d', { value: '\ufffd' }],
    ]);
  });
  test('reads no more than 64 members and 8192 bytes', () => {
    expect(parseBaggage(Array.from({ length: 1000 }, (_, i) => `k${i}=v`).join(',')).size).toBe(64);
    expect(parseBaggage(`a=1,b=${'x'.repeat(9000)}`).size).toBe(1);
  });
  test('what it writes it reads back, whatever the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (value) => {
        const text = formatBaggage(new Map([['k', { value }]]));
        expect(text).toMatch(/^[\x21-\x7e]*$/);
        expect(parseBaggage(text).get('k')?.value).toBe(value);
      }),
    );
    expect(formatBaggage(new Map([['k', { value: '\ud800' }]]))).toBe('k=%EF%BF%BD');
  });
});

test('Server-Timing carries a context there and back under either name', () => {
  const header = formatServerTiming({ traceId: T, spanId: S, flags: 1 });
  expect(header).toBe(`traceparent;desc="00-${T}-${S}-01", trace;desc="00-${T}-${S}-01"`);
  expect(
    readServerTiming([
      { name: 'cache', description: 'hit' },
      { name: 'trace', description: `00-${T}-${S}-01` },
    ]),
  ).toEqual({
    traceId: T,
    spanId: S,
    flags: 1,
  });
  expect(readServerTiming(undefined)).toBeUndefined();
});
