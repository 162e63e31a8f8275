import { expect, it } from 'vitest';
import { releaseBytes } from '../../edge/collector/ingest/release-bytes.ts';

it('bytes that are all of their buffer are gone', () => {
  const bytes = Buffer.allocUnsafeSlow(70_000);
  const { buffer } = bytes;
  releaseBytes(bytes);
  expect(bytes.length).toBe(0);
  expect(buffer.byteLength).toBe(0);
});

it('what others share their memory with stays', () => {
  const whole = new Uint8Array([1, 2, 3, 4]);
  releaseBytes(whole.subarray(0, 2));
  releaseBytes(whole.subarray(2));
  expect([...whole]).toEqual([1, 2, 3, 4]);
});
