import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { b3 } from '../../edge/worker/propagation/b3.ts';
import { jaeger } from '../../edge/worker/propagation/jaeger.ts';
import { formatBaggage, MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS, parseBaggage } from '../../src/wire/baggage.ts';
import { isSpanId, isTraceId } from '../../src/wire/ids.ts';
import { isKept, parseOt, withSamplingState } from '../../src/wire/sampling.ts';
import { formatTraceparent, parseTraceparent } from '../../src/wire/traceparent.ts';
import { formatTracestate, parseTracestate } from '../../src/wire/tracestate.ts';
import { request } from '../edge/support/http.ts';
import { type Origin, startOrigin } from '../edge/support/origin.ts';
import { startWorker, type Worker } from '../edge/support/workerd.ts';

/** Cases of each of five kinds; `npm run test:fuzz` takes a million together. A failure's report tells its seed. */
const RUNS = Number(process.env.THROUGHLINE_FUZZ_RUNS ?? 20_000);
const SLOW = 120_000;

const HEX = '0123456789abcdef';
const BITS = ['00', 'ff', '01', '-', '--', ' ', '\t', ',', '=', ';', '%', '%0d%0a', '%ff', '\r\n', '\0', '__proto__'];
const WORDS = [...BITS, 'constructor', 'ot=', 'th:', 'rv:', '@', 'é', '\ud800', 'x'.repeat(300), '0'.repeat(32), '"'];
const piece = fc.oneof(
  fc.constantFrom(...WORDS, ...HEX),
  fc.string({ maxLength: 8, unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...HEX), minLength: 14, maxLength: 33 }),
);
const hostile = fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(''));
const check = (property: (text: string) => void, prefix = ''): void => {
  const text = fc.tuple(fc.constantFrom('', prefix), hostile).map((parts) => parts.join(''));
  fc.assert(fc.property(text, property), { numRuns: RUNS });
};

describe('whatever a header holds, nothing throws and what is read is valid', () => {
  test('traceparent', { timeout: SLOW }, () => {
    const around = fc.tuple(hostile, fc.constantFrom('', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'));
    fc.assert(
      fc.property(around, ([text, valid]) => {
        const parsed = parseTraceparent(valid ? valid + text.slice(0, 3) : text);
        if (!parsed) return;
        expect(isTraceId(parsed.traceId) && isSpanId(parsed.spanId)).toBe(true);
        expect(parseTraceparent(formatTraceparent(parsed))).toEqual(parsed);
      }),
      { numRuns: RUNS },
    );
  });
  test('tracestate', { timeout: SLOW }, () => {
    check((text) => {
      const members = parseTracestate(text);
      if (!members) return;
      const header = formatTracestate(members);
      if (!/^[\x20-\x7e]*$/.test(header)) throw new Error(`Not fit for a header: ${JSON.stringify(header)}`);
      const state = parseOt(members[0]?.[1]);
      if (state.th !== undefined) isKept('0'.repeat(14), state.th);
      formatTracestate(withSamplingState(members, state));
    });
  });
  test('baggage', { timeout: SLOW }, () => {
    check((text) => {
      const entries = parseBaggage(text);
      const header = formatBaggage(entries);
      if (/[\r\n\0]/.test(header.replace(/%[0-9A-F]{2}/g, '')))
        throw new Error(`Splits a header: ${JSON.stringify(header)}`);
      if (entries.size > MAX_BAGGAGE_MEMBERS || header.length > MAX_BAGGAGE_BYTES) throw new Error('Over the limits.');
    }, 'a=1;');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
  test.each([
    ['b3', b3(), 'b3'],
    ['uber-trace-id', jaeger(), 'uber-trace-id'],
  ] as const)('%s', { timeout: SLOW }, (_, { read }, name) => {
    check((text) => {
      const headers = { get: (asked: string) => (asked === name ? text : null) } as unknown as Headers;
      const carried = read?.({ headers } as Request);
      const parsed = parseTraceparent(carried?.traceparent);
      if (parsed && !(isTraceId(parsed.traceId) && isSpanId(parsed.spanId))) throw new Error('Not valid.');
    });
  });

  test('the time is linear in the length', () => {
    const shapes = ['a=1,', ',', ' ', '\t,', 'a=%', '%', 'a=b;', 'a', '00-', '=', 'z@'];
    const parsers: Array<[string, (text: string) => unknown]> = [
      ['traceparent', parseTraceparent],
      ['tracestate', parseTracestate],
      ['baggage', parseBaggage],
    ];
    const msFor = (parse: (text: string) => unknown, text: string): number => {
      const times = Array.from({ length: 5 }, () => {
        const startMs = performance.now();
        for (let i = 0; i < 20; i++) parse(text);
        return performance.now() - startMs;
      });
      return Math.min(...times);
    };
    for (const [name, parse] of parsers) {
      for (const shape of shapes) {
        const text = shape.repeat(Math.ceil(65_536 / shape.length));
        // 20 parses of 64 KiB: quadratic would take minutes.
        expect(msFor(parse, text), `${name} of ${JSON.stringify(shape)}`).toBeLessThan(500);
      }
    }
  });
});

describe('a worker under hostile headers', () => {
  let worker: Worker;
  let origin: Origin;
  beforeAll(async () => {
    origin = await startOrigin();
    worker = await startWorker('trust', { bindings: { COLLECTOR: 'http://127.0.0.1:9', ORIGIN: origin.url } });
  });
  afterAll(() => Promise.all([worker.stop(), origin.close()]));
  const ALLY = { origin: 'https://ally.example' };

  test.each([
    ['a traceparent of 60 KiB', { traceparent: `00-${'a'.repeat(60_000)}` }],
    [
      'a tracestate of 60 KiB',
      { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'a=1,'.repeat(15_000) },
    ],
    ['prototype names in baggage', { baggage: '__proto__=polluted,constructor=1,toString=2' }],
    ['line breaks through percent-decoding', { baggage: 'a=%0d%0aSet-Cookie:%20x=1' }],
  ])('answers as ever: %s', async (_, headers) => {
    const answer = await request(`${worker.url}/call`, { headers: { ...ALLY, ...headers } as Record<string, string> });
    expect(answer.status).toBe(200);
    const { seen } = answer.json<{ seen: { headers: Record<string, string> } }>();
    expect(seen.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
    expect(seen.headers).not.toHaveProperty('set-cookie');
    expect((seen.headers['tracestate'] ?? '').length).toBeLessThanOrEqual(512);
  });

  test.each([
    ['1000 baggage lines', Array.from({ length: 1000 }, (_, i) => `k${i}=v`)],
    ['one line of 1000 members', [Array.from({ length: 1000 }, (_, i) => `k${i}=v`).join(',')]],
  ])('reads 64 members of %s', async (_, lines) => {
    const answer = await request(`${worker.url}/call`, { headers: { ...ALLY, baggage: lines } });
    const { baggage } = answer.json<{ baggage: Array<[string, unknown]> }>();
    expect(baggage.map(([key]) => key)).toEqual(Array.from({ length: 64 }, (_, i) => `k${i}`));
  });
});
