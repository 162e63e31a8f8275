import { createServer, request, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseTraceparent } from '../../src/wire/traceparent.ts';
import { PLATFORMS } from '../edge/support/platforms.ts';
import { close, listen } from '../edge/support/sink.ts';
import type { Worker } from '../edge/support/workerd.ts';
import { PARENT_ID, TRACE_CONTEXT_CASES, TRACE_ID } from './trace-context-cases.ts';

describe.for(PLATFORMS)('W3C Trace Context level 2 on $title', ({ missing, start }) => {
  if (missing) return test.skip('not here', () => {});
  let service: Worker;
  let harness: Server;
  let harnessUrl: string;
  let received: string[][] = [];
  beforeAll(async () => {
    harness = createServer((incoming, response) => {
      received.push(incoming.rawHeaders);
      response.end('null');
    });
    harnessUrl = await listen(harness);
    service = await start('callback', {});
  });
  beforeEach(() => {
    received = [];
  });
  afterAll(() => Promise.all([service.stop(), close(harness)]));

  // Raw, because fetch would join lines and trim values before they are on the wire.
  const call = (headers: ReadonlyArray<readonly [string, string]>, count = 1): Promise<void> =>
    new Promise((resolve, reject) => {
      const outgoing = request(service.url, {
        method: 'POST',
        headers: ['Host', new URL(service.url).host, 'Content-Type', 'application/json', ...headers.flat()],
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => response.resume().on('end', resolve));
      outgoing.end(JSON.stringify(Array.from({ length: count }, () => ({ url: harnessUrl, arguments: [] }))));
    });
  const values = (raw: string[], name: string): string[] =>
    raw.filter((_value, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);

  test.each(TRACE_CONTEXT_CASES)('$name', async ({ headers, trace, state, stateWithout, flags }) => {
    await call(headers);
    const [raw] = received;
    const parents = values(raw ?? [], 'traceparent');
    expect(parents).toHaveLength(1);
    const parent = parseTraceparent(parents[0]);
    if (trace === 'kept') expect(parent?.traceId).toBe(TRACE_ID);
    else expect(headers.some(([, value]) => value.includes(parent?.traceId ?? ''))).toBe(false);
    expect(parent?.spanId).not.toBe(PARENT_ID);
    const sent = values(raw ?? [], 'tracestate').flatMap((line) => line.split(','));
    if (state) expect(sent).toEqual(state);
    for (const key of stateWithout ?? []) expect(sent.map((member) => member.split('=')[0])).not.toContain(key);
    if (flags !== undefined) expect((parent?.flags ?? 0) & flags).toBe(flags);
  });

  test.each([
    ['a valid traceparent', `00-${TRACE_ID}-${PARENT_ID}-01`, 1],
    ['none', undefined, 1],
    ['an illegal one', `00-${'0'.repeat(32)}-${PARENT_ID}-01`, 1],
  ])('several requests after %s: one trace, a parent id each', async (_name, header, traces) => {
    await call(header ? [['traceparent', header]] : [], 3);
    const parents = received.map((raw) => parseTraceparent(values(raw, 'traceparent')[0]));
    expect(new Set(parents.map((parent) => parent?.traceId)).size).toBe(traces);
    expect(new Set(parents.map((parent) => parent?.spanId)).size).toBe(3);
  });
});
