import type { Attributes } from '@opentelemetry/api';
import { ATTR_MESSAGING_QUEUE_TIME } from '../../src/wire/names.ts';

/** How long a message waited, by its own timestamp in epoch ms; nothing when clocks say it is from the future. */
export function queueTime(sentMs: unknown): Attributes {
  const waitedMs = typeof sentMs === 'string' || typeof sentMs === 'number' ? Date.now() - Number(sentMs) : Number.NaN;
  return waitedMs >= 0 && waitedMs < Date.now() ? { [ATTR_MESSAGING_QUEUE_TIME]: waitedMs } : {};
}
