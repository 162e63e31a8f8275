import { isolateLedger, type Ledger } from './ledger.ts';
import { exporters } from './pipeline.ts';

/**
 * Sends every finished span of this isolate now; resolves when it is acknowledged or given up, never rejects. For
 * processes about to exit; requests need no call.
 */
export async function flush(): Promise<void> {
  await Promise.all([...exporters.values()].map((exporter) => exporter.flush()));
}

/** Where every span of this isolate went, as of now. */
export function ledger(): Ledger {
  return structuredClone(isolateLedger);
}
