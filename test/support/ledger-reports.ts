import type { OtlpLogRecord } from '../../src/wire/otlp.ts';

/** The last state of each page's ledger among `logs`, as plain numbers; `unknown` must be 0. */
export function ledgersOf(logs: readonly OtlpLogRecord[]): Record<string, number>[] {
  const latest = new Map<string, Record<string, number>>();
  for (const { eventName, attributes } of logs) {
    if (eventName !== 'throughline.ledger') continue;
    const counts: Record<string, number> = { produced: 0, acknowledged: 0, pending: 0, unsampled: 0 };
    let page = '';
    let dropped = 0;
    for (const { key, value } of attributes ?? []) {
      const name = key.replace(/^throughline\.ledger\.(dropped\.)?/, '');
      if (name === 'page') page = value?.stringValue ?? '';
      else counts[name] = Number(value?.intValue);
      if (key.includes('.dropped.')) dropped += Number(value?.intValue);
    }
    const { produced = 0, acknowledged = 0, pending = 0, unsampled = 0 } = counts;
    const progress = produced + acknowledged + unsampled + dropped;
    const unknown = produced - (acknowledged + pending + dropped + unsampled);
    if (progress >= (latest.get(page)?.progress ?? -1)) latest.set(page, { ...counts, dropped, progress, unknown });
  }
  return [...latest.values()];
}
