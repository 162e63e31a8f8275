import { describe, expect, test } from 'vitest';
import { sessionAddress, traceAddress } from '../../edge/viewer/model/address.ts';
import { describeStats } from '../../edge/viewer/model/collector-stats.ts';
import { describeLosses, lossLine } from '../../edge/viewer/model/loss-account.ts';
import { readTraceFile } from '../../edge/viewer/model/read-trace-file.ts';
import { spanHint } from '../../edge/viewer/model/span-hint.ts';
import { summariseTrace } from '../../edge/viewer/model/summarise-trace.ts';
import { viewToOtlp } from '../support/view-to-otlp.ts';
import { failedClick, productPage } from '../support/viewer-traces.ts';

describe('a trace file', () => {
  const lines = viewToOtlp(productPage()).map((request) => JSON.stringify(request));

  test('of one request a line is put together by trace', () => {
    const { views, skipped } = readTraceFile(`\ufeff${lines.join('\n')}\n\n`);
    expect(views.map((view) => view.spans.map(({ name }) => name))).toEqual([
      productPage().spans.map(({ name }) => name),
    ]);
    expect(skipped).toBe(0);
  });

  test('of indented JSON is read whole', () => {
    expect(readTraceFile(JSON.stringify(JSON.parse(lines[0] as string), null, 2)).views[0]?.spans.length).toBe(9);
  });

  test('tells how many records it left out', () => {
    const request = JSON.parse(lines[0] as string);
    request.resourceSpans[0].scopeSpans[0].spans.push({ name: 'no ids' });
    request.resourceLogs[0].scopeLogs[0].logRecords.push({ timeUnixNano: '1', eventName: 'of no trace' });
    expect(readTraceFile(JSON.stringify(request)).skipped).toBe(2);
  });

  test('that is none says why', () => {
    expect(() => readTraceFile('{"resourceSpans":[')).toThrow(/not JSON/);
    expect(() => readTraceFile('['.repeat(100_000))).toThrow(/deeper/);
    expect(() => readTraceFile('{"resource_spans":[]}')).toThrow(/lowerCamelCase/);
    expect(readTraceFile('{}').views).toEqual([]);
  });

  test('has a row for the list', () => {
    const { views } = readTraceFile(
      viewToOtlp(failedClick())
        .map((request) => JSON.stringify(request))
        .join('\n'),
    );
    expect(summariseTrace(views[0]!)).toMatchObject({
      name: 'click add to cart',
      service: 'shop-web',
      services: ['shop-web', 'shop-edge', 'shop-backend'],
      route: '/product/{id}',
      activity: 'interaction',
      spanCount: 6,
      errorCount: 7,
      sessionId: '5f0c1a7be2d94c3a',
      hasRoot: true,
    });
    const page = readTraceFile(lines.join('\n')).views[0]!;
    expect(summariseTrace(page).vitals).toEqual({ lcp: 2704.2, inp: 148, cls: 0.042, fcp: 641.9, ttfb: 402.7 });
  });
});

describe('a hint tells namesakes apart', () => {
  const span = productPage().spans[0]!;
  test.each([
    ['GET', { 'url.full': 'https://shop.example/api/cart?x=1' }, '/api/cart'],
    ['GET /api/cart', { 'url.full': 'https://shop.example/api/cart' }, ''],
    ['GET', { 'url.full': 'not a url' }, 'not a url'],
    ['send', { 'messaging.destination.name': 'orders' }, 'orders'],
    ['SELECT', { 'db.query.text': 'SELECT 1' }, 'SELECT 1'],
    ['work', {}, ''],
    ['work', { 'url.full': ['https://a.example/x'] }, ''],
  ])('%s %j', (name, attributes, hint) => {
    expect(spanHint({ ...span, name, attributes })).toBe(hint);
  });
});

test('addresses take any text', () => {
  expect(traceAddress('a/b?c', '#')).toBe('/traces/a%2Fb%3Fc?span=%23');
  expect(sessionAddress('lone \ud800')).toBe('/?sessionId=lone%20%EF%BF%BD');
});

describe('the account of pages', () => {
  const agents = {
    pages: 3,
    produced: 40,
    unsampled: 4,
    acknowledged: 30,
    pending: 2,
    silent: 1,
    dropped: { page_exit: 4 },
  };

  test('is told in a line, and what nobody can explain stands out', () => {
    expect(lossLine({ ...agents, unknownLoss: 0 })).toBe(
      '30 of 40 spans and events arrived · 2 waiting · 4 dropped (page exit) · nothing lost without a reason',
    );
    expect(lossLine({ ...agents, unknownLoss: 7 })).toMatch(/ · 7 lost without a reason$/);
    expect(lossLine({ pages: 0 })).toBe('');
  });

  test('lists every counter, of all pages and of each key', () => {
    const keys = [
      { keyId: 'pk_1', received: 50, stored: 44, duplicate: 4, rejected: { conflict: 2 }, forwarded: 44, expired: 9 },
    ];
    const groups = describeLosses({ agents: { ...agents, unknownLoss: 1 }, keys });
    expect(groups.map(({ title, rows }) => [title, rows.map(({ name, value }) => `${name} ${value}`)])).toEqual([
      [
        'Spans and events, as pages tell it',
        [
          'Pages heard of 3',
          'Made 40',
          'Left out by sampling 4',
          'Arrived 30',
          'Waiting on a device 2',
          'of these, silent for half an hour 1',
          'Dropped: page exit 4',
          'Lost without a reason 1',
        ],
      ],
      [
        'Key pk_1',
        ['Received 50', 'Stored 44', 'Came twice, counted once 4', 'Rejected: conflict 2', 'Sent on 44', 'Expired 9'],
      ],
    ]);
    expect(groups[0]?.rows.filter(({ isBad }) => isBad).map(({ name }) => name)).toEqual([
      'Dropped: page exit',
      'Lost without a reason',
    ]);
  });

  test('says nothing of pages where none has told anything', () => {
    expect(describeLosses({ agents: { pages: 0 }, keys: [] })).toEqual([]);
  });
});

describe('the collector’s account', () => {
  const stats = { traces: 2, spans: 30, logs: 5, bytes: 12_345, version: 7 };
  const values = (ingest: NonNullable<Parameters<typeof describeStats>[0]['ingest']>) =>
    Object.fromEntries(
      describeStats({ ...stats, ingest }).flatMap(({ rows }) => rows.map(({ name, value }) => [name, value])),
    );

  test('adds up', () => {
    const account = values({
      receivedSpans: 40,
      receivedLogs: 5,
      storedSpans: 30,
      storedLogs: 5,
      duplicateSpans: 7,
      rejected: { bad_ids: 3, too_many: 0 },
      refusedRequests: { 413: 2 },
    });
    expect(account).toMatchObject({
      Received: '45',
      Stored: '35',
      'Came twice, counted once': '7',
      'Rejected: bad ids': '3',
      'Unaccounted for': '0',
      'Refused with 413': '2',
    });
    expect(account).not.toHaveProperty('Rejected: too many');
  });

  test('shows what is missing as missing', () => {
    expect(values({ receivedSpans: 10, storedSpans: 8 })['Unaccounted for']).toBe('2');
  });
});
