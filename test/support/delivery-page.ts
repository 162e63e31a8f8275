import { buildSync } from 'esbuild';

const ENTRY = `
import { createDelivery } from './src/delivery/delivery.ts';
const warnings = [];
const advice = [];
const fetchOfPage = window.fetch.bind(window);
window.warnings = warnings;
window.advice = advice;
window.pageErrors = [];
addEventListener('error', (event) => pageErrors.push(event.message));
addEventListener('unhandledrejection', (event) => pageErrors.push(String(event.reason)));
const params = new URLSearchParams(location.search);
window.delivery = createDelivery({
  url: (params.get('collector') ?? location.origin) + '/otlp',
  key: 'pk_test',
  resource: () => ({ attributes: [{ key: 'service.name', value: { stringValue: 'shop-web' } }] }),
  scope: { name: 'throughline/browser', version: '0' },
  fetch: fetchOfPage,
  now: () => Date.now(),
  onAdvice: (given) => advice.push(given),
  warn: (message) => warnings.push(message),
  mayStore: () => params.get('store') !== 'no',
});
let made = 0;
window.makeSpans = (count, priority = 'normal', bytes = 300) => {
  for (let i = 0; i < count; i++) {
    made += 1;
    const id = made.toString(16).padStart(8, '0');
    delivery.span({
      traceId: 'ab'.repeat(12) + id, spanId: (params.get('prefix') ?? 'cdcdcdcd') + id, name: 'span ' + made, kind: 1,
      startTimeUnixNano: '1763788800000000000', endTimeUnixNano: '1763788800001000000',
      attributes: [{ key: 'fill', value: { stringValue: 'x'.repeat(bytes) } }],
    }, priority);
  }
};
`;

/** A page with the delivery alone, driven by `makeSpans`; the agent around it has tests of its own. */
export function deliveryPage(head = ''): string {
  const { outputFiles } = buildSync({
    stdin: { contents: ENTRY, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  });
  return `<!doctype html><title>page</title>${head}<script>${outputFiles[0]?.text}</script>`;
}
