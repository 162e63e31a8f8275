import { expect, test } from 'vitest';
import type { SealedTrace } from '../../edge/store/sql/part-writer.ts';
import { buffersOf, packSealed, unpackSealed } from '../../edge/store/sqlite/sealed-message.ts';
import { emptySummary, type SummaryState } from '../../edge/store/summary.ts';

const full: SummaryState = {
  traceId: 'ab'.repeat(16),
  startUs: 1_700_000_000_000_001,
  endUs: 1_700_000_000_900_002,
  loggedUs: 1_700_000_000_000_003,
  name: 'page view',
  service: 'shop',
  device: 'mobile',
  browser: 'Chrome 131',
  country: 'CH',
  release: '1.2.3',
  weight: 2.5,
  namedUs: 1_700_000_000_000_004,
  hasRoot: true,
  isPageView: true,
  route: '/products/:id',
  routeRank: 3,
  routedUs: 1_700_000_000_000_005,
  activity: 'navigation',
  services: ['backend', 'shop'],
  spans: 21,
  logs: 7,
  errors: 2,
  vitals: { lcp: 812.3, cls: 0 },
  targets: { lcp: 'main > img' },
  sessionId: 's1',
  userId: 'u1',
  updatedMs: 1_700_000_000_123,
};
const request = { measure: 'requests', hour: 472_222, service: 'shop', route: '/', device: '' } as const;

test('sealed traces come out of a message as they went in', () => {
  const traces: SealedTrace[] = [
    {
      state: full,
      before: { ...full, spans: 20, services: [], vitals: { inp: 40 }, targets: {} },
      requests: [
        { ...request, value: 1234, units: 16, error: true, isRoot: true, isServed: false },
        { ...request, value: 0.5, units: 1, error: false, isRoot: false, isServed: true },
      ],
      newSpans: 1,
      newLogs: 7,
      chunks: [
        { ids: Buffer.from('12345678'), body: Buffer.from('first'), hashes: Uint32Array.of(1, 2, 0xffff_ffff) },
        { ids: Buffer.from(''), body: Buffer.from('second'), hashes: new Uint32Array(0) },
      ],
    },
    { state: emptySummary('cd'.repeat(16)), before: undefined, requests: [], newSpans: 0, newLogs: 0, chunks: [] },
  ];
  const message = packSealed(traces);
  const moved = structuredClone(message, { transfer: buffersOf(message) });
  expect(message.bytes.length, 'chunks are handed over and not copied').toBe(0);
  expect([...unpackSealed(moved)]).toEqual(traces);
});
