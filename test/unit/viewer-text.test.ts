import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attributeRows } from '../../edge/viewer/model/attribute-text.ts';
import { formatBytes, formatCount, formatDuration, formatTick } from '../../edge/viewer/model/format.ts';
import { safeLink } from '../../edge/viewer/model/safe-link.ts';
import { parseStack } from '../../edge/viewer/model/stack-trace.ts';
import { shorten, visibleLine, visibleText } from '../../edge/viewer/model/visible-text.ts';
import { formatVital, rateVital } from '../../edge/viewer/model/web-vitals.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

test.each([
  [0, '0 ms'],
  [0.0004, '0.4 µs'],
  [0.4123, '412 µs'],
  [0.9996, '1 ms'],
  [12.34, '12.3 ms'],
  [999.6, '1 s'],
  [1234, '1.23 s'],
  [59_994, '60 s'],
  [60_000, '1 min'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [200_000_000, '2 d 8 h'],
  [-5, '−5 ms'],
  [Number.NaN, '–'],
])('a duration of %d ms reads %s', (ms, text) => {
  expect(plain(formatDuration(ms))).toBe(text);
});

test('axis ticks carry as many decimals as their step needs', () => {
  expect(plain(formatTick(500, 500, 2500))).toBe('0.5 s');
  expect(plain(formatTick(250, 50, 400))).toBe('250 ms');
  expect(plain(formatTick(0.25, 0.05, 0.4))).toBe('250 µs');
  expect(plain(formatTick(1234.5, 0.5, 1236))).toBe('1234.5 ms');
  expect(formatTick(0, 1, 10)).toBe('0');
});

test('counts and bytes', () => {
  expect(plain(formatCount(1_234_567))).toBe('1 234 567');
  expect(plain(formatBytes(1_234_567))).toBe('1.23 MB');
  expect(plain(formatBytes(812))).toBe('812 B');
});

test('vitals are rated by the published thresholds', () => {
  expect([rateVital('lcp', 2500), rateVital('lcp', 2501), rateVital('lcp', 4001)]).toEqual([
    'good',
    'needs improvement',
    'poor',
  ]);
  expect([rateVital('cls', 0.1), rateVital('cls', 0.25), rateVital('cls', 0.26)]).toEqual([
    'good',
    'needs improvement',
    'poor',
  ]);
  expect(formatVital('cls', 0.042)).toBe('0.042');
  expect(plain(formatVital('lcp', 2411))).toBe('2.41 s');
});

describe('links', () => {
  test.each(['https://a.example/b?c=d#e', 'http://localhost:1/', 'HTTPS://A.EXAMPLE/'])('%s is one', (text) => {
    expect(safeLink(text)).toBe(new URL(text).href);
  });

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    '\u0001javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://a.example/1',
    '//a.example/x',
    '/traces/1',
    'https://user:secret@a.example/',
    'https:',
    'http://',
    'see https://a.example',
    '',
  ])('%j is none', (text) => {
    expect(safeLink(text)).toBeUndefined();
  });

  test('what is linked is always http or https, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('https://a.example/', 'javascript:alert(1)', 'data:,x'),
        (noise, url) => {
          for (const text of [noise, noise + url, url + noise]) {
            const link = safeLink(text);
            if (link !== undefined) expect(['http:', 'https:']).toContain(new URL(link).protocol);
          }
        },
      ),
    );
  });
});

describe('foreign text', () => {
  test('cannot hide or turn round what is read', () => {
    expect(visibleText('a\u202eb\u0000c\u200bd')).toBe('a⟨U+202E⟩b⟨U+0000⟩c⟨U+200B⟩d');
    expect(visibleText('tab\tand\nline')).toBe('tab\tand\nline');
    expect(visibleLine('a\r\nb\tc')).toBe('a⏎b→c');
    expect(visibleText('lone \ud800 half')).toBe('lone ⟨U+D800⟩ half');
    expect(visibleText('héllo 日本 👩‍💻'.replace('\u200d', ''))).toBe('héllo 日本 👩💻');
  });

  test('is cut between code points', () => {
    expect(shorten('abcdef', 4)).toBe('abc…');
    expect(shorten('ab👩cd', 4)).toBe('ab…');
    expect(shorten('abcd', 4)).toBe('abcd');
  });
});

describe('stacks', () => {
  test('of V8', () => {
    const frames = parseStack(
      'TypeError: x\n    at f (https://a.example/x.js:1:2)\n    at async g (x.js:3:4)\n    at https://a.example/y.js:5:6\n    at new Z (<anonymous>)\n    at node:internal/process:9:1',
    );
    expect(frames.map(({ functionName, file, line, column }) => [functionName, file, line, column])).toEqual([
      ['f', 'https://a.example/x.js', 1, 2],
      ['g', 'x.js', 3, 4],
      ['', 'https://a.example/y.js', 5, 6],
      ['new Z', '<anonymous>', 0, 0],
      ['', 'node:internal/process', 9, 1],
    ]);
    expect(frames.map(({ foreign }) => foreign)).toEqual([false, false, false, true, true]);
  });

  test('of SpiderMonkey and JavaScriptCore', () => {
    const frames = parseStack('f@https://a.example/x.js:1:2\n@https://a.example/y.js:3:4\nmodule code@y.js:5:6');
    expect(frames.map(({ functionName, line }) => [functionName, line])).toEqual([
      ['f', 1],
      ['', 3],
      ['module code', 5],
    ]);
  });

  test('of anything else are kept as text, and are bounded in lines and time', () => {
    expect(parseStack('no frames here')).toEqual([]);
    expect(parseStack('at f (a:1:1)\nwhat?').map(({ text }) => text)).toEqual(['at f (a:1:1)', 'what?']);
    expect(parseStack('    at f (a:1:1)\n'.repeat(5000)).length).toBe(200);
    const startMs = performance.now();
    parseStack(`at ${'('.repeat(100_000)}\n`.repeat(50));
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});

test('attributes are sorted by key and described by type', () => {
  const rows = attributeRows({ b: 1, a: 'x', d: [1, 'two'], c: true, e: { f: null } });
  expect(rows).toEqual([
    { key: 'a', type: 'text', text: 'x' },
    { key: 'b', type: 'number', text: '1' },
    { key: 'c', type: 'flag', text: 'true' },
    { key: 'd', type: 'list', text: '[ 1, "two" ]' },
    { key: 'e', type: 'map', text: '{ "f": null }' },
  ]);
});
