import { styleText } from 'node:util';
import type { Span, Trace } from './traces.ts';

const COLOURS = { browser: 'blue', edge: 'yellow', backend: 'green', queue: 'magenta' } as const;

/** A trace as text: a line a span, aligned, with its layer, service and duration, and its events below. */
export function formatTree(trace: Trace): string {
  const rows = rowsOf(trace);
  const widthOf = (cell: (row: Row) => string) => Math.max(...rows.map((row) => cell(row).length));
  const label = widthOf((row) => row.label);
  const service = widthOf(({ span }) => span.service);
  const lines = rows.map(({ label: text, span }) => {
    const layer = styleText(COLOURS[span.layer], span.layer.padEnd(7), { stream: process.stdout });
    const start = `+${(span.startMs - trace.startMs).toFixed(1)}`.padStart(9);
    const duration = span.durationMs.toFixed(1).padStart(8);
    return `  ${text.padEnd(label)}  ${layer}  ${span.service.padEnd(service)}  ${start} ms  ${duration} ms`;
  });
  const events = trace.events.map(({ name, timeMs, attributes }) => {
    const at = `+${(timeMs - trace.startMs).toFixed(1)}`.padStart(9);
    return `  ${at} ms  ${name}  ${detailOf(attributes)}`.trimEnd();
  });
  return [...lines, ...(events.length > 0 ? ['  events', ...events] : [])].join('\n');
}

interface Row {
  label: string;
  span: Span;
}

function rowsOf(trace: Trace): Row[] {
  const known = new Set(trace.spans.map(({ spanId }) => spanId));
  const childrenOf = Map.groupBy(trace.spans, ({ parentSpanId }) => (known.has(parentSpanId) ? parentSpanId : ''));
  const rows: Row[] = [];
  const visit = (span: Span, branch: string, indent: string) => {
    rows.push({ label: `${branch}${labelOf(span)}`, span });
    const children = childrenOf.get(span.spanId) ?? [];
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1;
      visit(child, `${indent}${isLast ? '└─ ' : '├─ '}`, `${indent}${isLast ? '   ' : '│  '}`);
    }
  };
  for (const root of childrenOf.get('') ?? []) visit(root, '', '');
  return rows;
}

/** A span's name; what it loaded where the name says only its kind. */
function labelOf({ name, attributes }: Span): string {
  const url = String(attributes['url.full']);
  return name.startsWith('resource ') && URL.canParse(url) ? `${name} ${new URL(url).pathname}` : name;
}

function detailOf(attributes: Record<string, unknown>): string {
  const vital = attributes['browser.web_vital.name'];
  if (vital !== undefined) {
    const value = Number(attributes['browser.web_vital.value']);
    return `${String(vital).toUpperCase()} ${vital === 'cls' ? value.toFixed(3) : `${value.toFixed(0)} ms`}`;
  }
  const type = attributes['exception.type'];
  return type === undefined ? '' : `${type}: ${attributes['exception.message']}`;
}
