import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distinctHashes } from '../../edge/store/distinct-hashes.ts';

test('every hash of some lists comes once', () => {
  const hash = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 0xffff_ffff }));
  fc.assert(
    fc.property(fc.array(fc.array(hash)), (lists) => {
      const found = distinctHashes(lists.map((list) => Uint32Array.from(list)));
      expect([...found]).toEqual([...new Set(lists.flat())]);
    }),
  );
});
