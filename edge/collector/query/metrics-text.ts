import type { StoreStats } from '../../store/trace-store.ts';
import type { LedgerReads } from '../ledger/ledger-access.ts';

type Sample = [labels: Record<string, string>, value: number];

/**
 * What the collector counts, in the text format Prometheus and OpenTelemetry collectors scrape.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export async function formatMetrics(ledger: LedgerReads, store: StoreStats): Promise<string> {
  const records: Sample[] = [];
  const agents: Sample[] = [];
  const unknown: Sample[] = [];
  for (const [key, { rejected, ...counts }] of await ledger.keys()) {
    for (const [outcome, count] of Object.entries(counts)) records.push([{ key, outcome }, count]);
    for (const [reason, count] of Object.entries(rejected)) records.push([{ key, outcome: 'rejected', reason }, count]);
    const { dropped, pages, unknownLoss, ...totals } = await ledger.totals({ keyId: key });
    if (pages === 0) continue;
    for (const [outcome, count] of Object.entries(totals)) agents.push([{ key, outcome }, count]);
    for (const [reason, count] of Object.entries(dropped)) agents.push([{ key, outcome: 'dropped', reason }, count]);
    unknown.push([{ key }, unknownLoss]);
  }
  return [
    family(
      'throughline_records_total',
      'counter',
      'Spans and log records by what the collector did with them.',
      records,
    ),
    family('throughline_agent_records', 'gauge', 'Spans and events by what the agents say became of them.', agents),
    family('throughline_agent_unknown_loss', 'gauge', 'Spans and events nobody accounts for. Must be 0.', unknown),
    family('throughline_store_spans', 'gauge', 'Spans stored.', [[{}, store.spans]]),
    family('throughline_store_traces', 'gauge', 'Traces stored.', [[{}, store.traces]]),
    family('throughline_store_bytes', 'gauge', 'Bytes on disk, indexes and journal included.', [[{}, store.bytes]]),
  ].join('');
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const inner = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return `${name}${inner.length > 0 ? `{${inner}}` : ''} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
