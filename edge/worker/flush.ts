import { type Ledger, sumLedgers } from './ledger.ts';
import { allOutlets } from './pipeline.ts';

/**
 * Sends every finished span of this isolate now; resolves when it is acknowledged or given up, never rejects. For
 * processes about to exit; requests need no call.
 */
export async function flush(): Promise<void> {
  await Promise.all(allOutlets().map(({ exporter }) => exporter?.flush()));
}

/** Where every span of this isolate went, as of now. */
export function ledger(): Ledger {
  return sumLedgers(allOutlets().map((outlet) => outlet.ledger));
}
