import { instrument } from 'throughline/worker';
import { expect, test, vi } from 'vitest';

test('a trigger that this entry does not trace is told, with the entry that does', () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const worker = { fetch: () => new Response(), scheduled() {} };
  const traced = instrument(worker, { collector: 'http://127.0.0.1:1' });
  expect(traced.scheduled).toBe(worker.scheduled);
  expect(warn.mock.calls.flat()).toEqual([expect.stringMatching(/"scheduled".*"throughline\/cloudflare"/)]);
});
