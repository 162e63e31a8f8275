import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendTraces, mergeTraces, showWaiting } from '../../edge/viewer/model/merge-traces.ts';
import { placeFlags } from '../../edge/viewer/model/place-flags.ts';
import { clampWindow, panWindow, shareOf, ticks, zoomWindow } from '../../edge/viewer/model/time-scale.ts';
import {
  countConditions,
  formatFilter,
  type ListFilter,
  parseAttributeInput,
  parseDurationInput,
  parseFilter,
} from '../../edge/viewer/model/trace-filter-url.ts';
import { shopDay } from '../support/large-traces.ts';

describe('a filter in the address', () => {
  test('comes back as it went', () => {
    const filter: ListFilter = {
      service: 'shop web',
      route: '/product/{id}',
      name: 'a&b=c',
      activity: 'page load',
      minDurationMs: 250,
      error: true,
      sessionId: 's',
      browser: 'Chrome 131',
      device: 'mobile',
      country: 'CH',
      release: '1.2.3+4',
      attributes: [{ key: 'a.b', value: 'x=y & z' }, { key: 'c' }, { key: 'd', value: '' }],
    };
    expect(parseFilter(formatFilter(filter))).toEqual(filter);
    expect(formatFilter({})).toBe('');
  });

  test('leaves out what is empty, unknown or no number', () => {
    expect(parseFilter('?service=&minDurationMs=fast&maxDurationMs=-1&error=maybe&x=y')).toEqual({});
  });

  test('takes what the API needs beside it', () => {
    expect(formatFilter({ name: 'a' }, { limit: 50, cursor: undefined })).toBe('?name=a&limit=50');
  });

  test.each([
    ['http.route=/cart', { key: 'http.route', value: '/cart' }],
    ['  http.route =  /a = b  ', { key: 'http.route', value: '/a = b' }],
    ['k="a b"', { key: 'k', value: 'a b' }],
    ['k="', { key: 'k', value: '"' }],
    ['k=', { key: 'k', value: '' }],
    ['k', { key: 'k' }],
    ['', undefined],
    ['=v', undefined],
    ['a b', undefined],
    ['a b=c', undefined],
  ])('an attribute typed as %j is %j', (text, condition) => {
    expect(parseAttributeInput(text)).toEqual(condition);
  });

  test('conditions are counted one by one', () => {
    expect(countConditions({})).toBe(0);
    expect(countConditions({ service: 'a', attributes: [{ key: 'b' }, { key: 'c' }] })).toBe(3);
  });

  test.each([
    ['250', 250],
    ['1.5s', 1500],
    ['1,5 s', 1500],
    ['2 min', 120_000],
    ['300\u202fms', 300],
    ['12 µs', 0.012],
    ['soon', undefined],
    ['1 s 2', undefined],
    ['-3', undefined],
  ])('a duration typed as %j is %d ms', (text, ms) => {
    expect(parseDurationInput(text)).toBe(ms);
  });
});

describe('live update of the list', () => {
  const rows = shopDay(6);
  const [newest, second, ...older] = rows;

  test('changes a known trace in its place and lets new ones wait', () => {
    const changed = { ...second!, spanCount: 99 };
    const merged = mergeTraces([second!, ...older], [], [changed, newest!]);
    expect(merged.shown.map(({ traceId }) => traceId)).toEqual([second!, ...older].map(({ traceId }) => traceId));
    expect(merged.shown[0]?.spanCount).toBe(99);
    expect(merged.waiting).toEqual([newest]);
  });

  test('is the same when a change is told twice', () => {
    const once = mergeTraces(older, [], [newest!, second!]);
    expect(mergeTraces(once.shown, once.waiting, [second!])).toEqual(once);
  });

  test('shows what waited by its start', () => {
    const shown = showWaiting(mergeTraces([newest!, ...older], [], [second!]));
    expect(shown).toEqual(rows);
  });

  test('never shows a trace twice across pages', () => {
    expect(appendTraces(rows.slice(0, 3), rows.slice(2))).toEqual(rows);
  });
});

describe('the time scale', () => {
  test('stays inside the trace and keeps its width while it moves', () => {
    expect(clampWindow({ fromMs: -50, toMs: 50 }, 1000)).toEqual({ fromMs: 0, toMs: 100 });
    expect(clampWindow({ fromMs: 990, toMs: 1090 }, 1000)).toEqual({ fromMs: 900, toMs: 1000 });
    expect(clampWindow({ fromMs: 60, toMs: 40 }, 1000)).toEqual({ fromMs: 40, toMs: 60 });
    expect(panWindow({ fromMs: 100, toMs: 200 }, -5, 1000)).toEqual({ fromMs: 0, toMs: 100 });
  });

  test('zooms about the point under the pointer', () => {
    const window = zoomWindow({ fromMs: 0, toMs: 1000 }, 0.5, 0.3, 1000);
    expect(shareOf(window, 300)).toBeCloseTo(0.3);
    expect(zoomWindow(window, 1e9, 0.5, 1000)).toEqual({ fromMs: 0, toMs: 1000 });
    expect(zoomWindow(window, 1e-12, 0.5, 1000).toMs - zoomWindow(window, 1e-12, 0.5, 1000).fromMs).toBeCloseTo(0.001);
  });

  test('has round ticks inside the window, never more than asked for', () => {
    expect(ticks({ fromMs: 0, toMs: 2184 }, 8).atMs).toEqual([0, 500, 1000, 1500, 2000]);
    expect(ticks({ fromMs: 412.3, toMs: 413.1 }, 5).atMs).toHaveLength(4);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e7, noNaN: true }),
        fc.double({ min: 0.001, max: 1e7, noNaN: true }),
        fc.integer({ min: 2, max: 20 }),
        (fromMs, widthMs, most) => {
          const { stepMs, atMs } = ticks({ fromMs, toMs: fromMs + widthMs }, most);
          expect(atMs.length).toBeLessThanOrEqual(most + 1);
          for (const at of atMs) {
            expect(at).toBeGreaterThanOrEqual(fromMs - stepMs * 1e-3);
            expect(at).toBeLessThanOrEqual(fromMs + widthMs + stepMs * 1e-3);
          }
        },
      ),
    );
  });
});

test('flags do not cover each other while there is room', () => {
  const places = placeFlags(
    [0.1, 0.12, 0.9, 0.99].map((share) => ({ share, widthPx: 100 })),
    1000,
    2,
  );
  expect(places).toEqual([
    { leftPx: 100, level: 0 },
    { leftPx: 120, level: 1 },
    { leftPx: 900, level: 0 },
    { leftPx: 890, level: 1 },
  ]);
});
