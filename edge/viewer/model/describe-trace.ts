import type { CriticalPath } from './critical-path.ts';
import { formatDuration, formatPlural } from './format.ts';
import { FLAG_ERROR, FLAG_ORPHAN, LAYERS, spanAt, type TraceModel } from './trace-model.ts';
import { formatVital, readVitals } from './web-vitals.ts';

export function countErrors(model: TraceModel): number {
  let errors = 0;
  for (const flags of model.flags) if (flags & FLAG_ERROR) errors += 1;
  return errors;
}

export function countOrphans(model: TraceModel): number {
  let orphans = 0;
  for (const flags of model.flags) if (flags & FLAG_ORPHAN) orphans += 1;
  return orphans;
}

/** Services in the order the line meets them, each with its first layer. */
export function listServices(model: TraceModel): Array<{ service: string; layer: number; spans: number }> {
  const found = new Map<string, { service: string; layer: number; spans: number }>();
  for (let slot = 0; slot < model.count; slot += 1) {
    const { service } = spanAt(model, slot);
    const entry = found.get(service);
    if (entry) entry.spans += 1;
    else found.set(service, { service, layer: model.layer[slot] as number, spans: 1 });
  }
  return [...found.values()];
}

/** The trace in words, for those who hear it: what it was, how long, where the time went, what failed. */
export function describeTrace(model: TraceModel, path: CriticalPath): string {
  if (model.count === 0) return 'The trace has no spans.';
  const root = spanAt(model, model.root);
  const services = listServices(model);
  const sentences = [
    `${root.name} in ${root.service} took ${formatDuration(root.durationMs)}.`,
    `${formatPlural(model.count, 'span')} in ${formatPlural(services.length, 'service')}: ${services.map(({ service }) => service).join(', ')}.`,
  ];
  const errors = countErrors(model);
  sentences.push(errors === 0 ? 'No errors.' : `${formatPlural(errors, 'span')} with errors.`);
  const shares = path.layerMs
    .map((ms, layer) => ({ ms, name: LAYERS[layer] as string }))
    .filter(({ ms }) => ms > 0)
    .sort((a, b) => b.ms - a.ms)
    .map(({ ms, name }) => `${name} ${formatDuration(ms)}`);
  if (shares.length > 0) sentences.push(`On the critical path: ${shares.join(', ')}.`);
  const slowest = [...path.ownMs].sort((a, b) => b[1] - a[1])[0];
  if (slowest) sentences.push(`Most of it in ${spanAt(model, slowest[0]).name}, ${formatDuration(slowest[1])}.`);
  const vitals = readVitals(model.view).map(
    (vital) => `${vital.name.toUpperCase()} ${formatVital(vital.name, vital.value)}, ${vital.rating}`,
  );
  if (vitals.length > 0) sentences.push(`Web vitals: ${vitals.join('; ')}.`);
  if (!model.view.hasRoot) sentences.push('The root span has not arrived yet.');
  return sentences.join(' ');
}
