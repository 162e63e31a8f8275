import { expect, test } from 'vitest';
import { resourceAttributes } from '../../src/browser/resource-attributes.ts';

/** An entry whose phases are hidden, as by a server of another origin without `Timing-Allow-Origin`. */
const HIDDEN = {
  nextHopProtocol: '',
  startTime: 148,
  fetchStart: 148,
  redirectStart: 0,
  redirectEnd: 0,
  workerStart: 0,
  domainLookupStart: 0,
  domainLookupEnd: 0,
  connectStart: 0,
  connectEnd: 0,
  secureConnectionStart: 0,
  requestStart: 0,
  responseStart: 0,
  responseEnd: 153,
  transferSize: 0,
  encodedBodySize: 0,
  decodedBodySize: 0,
};
const told = (entry: object) => resourceAttributes({ ...HIDDEN, ...entry } as PerformanceResourceTiming);

test.each([
  ['an entry without phases', {}],
  ['one whose sizes CORS shows, as the specification has it and Chromium 156 has not', { encodedBodySize: 20 }],
])('%s is opaque', (_, entry) => {
  expect(told(entry)).toMatchObject({ 'throughline.timing.opaque': true });
  expect(told(entry)).not.toHaveProperty('throughline.request.phases');
});

test('an answer from the cache, that tells its lookup and no request, is not', () => {
  const cached = { domainLookupStart: 148, domainLookupEnd: 148, encodedBodySize: 20, decodedBodySize: 20 };
  expect(told(cached)).toEqual({ 'http.response.body.size': 20 });
});
