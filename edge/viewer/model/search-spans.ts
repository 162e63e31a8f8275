import type { SpanView, ViewValue } from '../../trace/trace-view.ts';
import { spanAt, type TraceModel } from './trace-model.ts';

/** Values are looked at to this depth; deeper nesting is found by its key only. */
const MAX_VALUE_DEPTH = 4;

/**
 * Slots of the spans that hold every word of the query, in order: in the name, service, kind, layer, status, ids,
 * attribute keys and values, event names or exception texts. Case-insensitive. An empty query finds nothing.
 */
export function searchSpans(model: TraceModel, query: string): Int32Array {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return new Int32Array(0);
  const found: number[] = [];
  for (let slot = 0; slot < model.count; slot += 1) {
    const span = spanAt(model, slot);
    const head = `${span.name}\n${span.service}\n${span.kind}\n${span.layer}\n${span.status}\n${span.spanId}\n${span.statusMessage}`;
    let text = head.toLowerCase();
    if (!words.every((word) => text.includes(word))) {
      text += attributesText(span, model, slot);
      if (!words.every((word) => text.includes(word))) continue;
    }
    found.push(slot);
  }
  return Int32Array.from(found);
}

function attributesText(span: SpanView, model: TraceModel, slot: number): string {
  const parts: string[] = [];
  for (const key in span.attributes) parts.push(key, plainText(span.attributes[key]));
  for (const event of model.eventsOf.get(slot) ?? []) {
    parts.push(event.name);
    for (const key in event.attributes) parts.push(key, plainText(event.attributes[key]));
  }
  return `\n${parts.join('\n').toLowerCase()}`;
}

function plainText(value: ViewValue | undefined, depth = 0): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if (depth === MAX_VALUE_DEPTH) return '';
  if (Array.isArray(value)) return value.map((item) => plainText(item, depth + 1)).join(' ');
  return Object.keys(value)
    .map((key) => `${key} ${plainText(value[key], depth + 1)}`)
    .join(' ');
}
