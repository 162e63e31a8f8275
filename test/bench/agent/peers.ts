import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Candidate } from './page.ts';

/** Installed by the bench into a folder of its own, so that nothing of ours resolves to them. */
const PACKAGES = {
  '@datadog/browser-rum-slim': '7.16.0',
  '@elastic/apm-rum': '5.17.5',
  '@grafana/faro-web-sdk': '2.12.1',
  '@grafana/faro-web-tracing': '2.12.1',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/exporter-trace-otlp-http': '0.223.0',
  '@opentelemetry/instrumentation': '0.223.0',
  '@opentelemetry/instrumentation-fetch': '0.223.0',
  '@opentelemetry/sdk-trace-base': '2.12.0',
  '@opentelemetry/sdk-trace-web': '2.12.0',
  '@sentry/browser': '11.12.0',
  'web-vitals': '6.2.3',
};

const COLLECTOR = 'const { collector } = document.currentScript.dataset;';

/** Each as its own documentation sets it up, recording everything: page load, requests, vitals, errors. */
const SOURCES: Readonly<Record<string, string>> = {
  elastic: `
import { init } from '@elastic/apm-rum';
${COLLECTOR}
init({ serviceName: 'bench', serverUrl: collector });
`,
  'otel by hand': `
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { WebTracerProvider } from '@opentelemetry/sdk-trace-web';
import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals/attribution';
${COLLECTOR}
const exporter = new OTLPTraceExporter({ url: collector + '/v1/traces' });
new WebTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }).register();
registerInstrumentations({ instrumentations: [new FetchInstrumentation()] });
const tracer = trace.getTracer('bench');
for (const on of [onCLS, onFCP, onINP, onLCP, onTTFB])
  on(({ name, value }) => tracer.startSpan('web-vital', { attributes: { name, value } }).end());
addEventListener('error', ({ error }) => {
  const span = tracer.startSpan('error');
  span.recordException(error);
  span.end();
});
`,
  sentry: `
import * as Sentry from '@sentry/browser';
${COLLECTOR}
Sentry.init({
  dsn: collector.replace('://', '://key@') + '/1',
  integrations: [Sentry.browserTracingIntegration()],
  tracesSampleRate: 1,
});
`,
  faro: `
import { getWebInstrumentations, initializeFaro } from '@grafana/faro-web-sdk';
import { TracingInstrumentation } from '@grafana/faro-web-tracing';
${COLLECTOR}
initializeFaro({
  url: collector + '/collect',
  app: { name: 'bench', version: '1' },
  instrumentations: [...getWebInstrumentations(), new TracingInstrumentation()],
});
`,
  'datadog slim': `
import { datadogRum } from '@datadog/browser-rum-slim';
${COLLECTOR}
datadogRum.init({
  applicationId: 'bench', clientToken: 'pub0', service: 'bench', proxy: collector + '/proxy',
  sessionSampleRate: 100, trackResources: true, trackLongTasks: true, trackUserInteractions: true,
  allowedTracingUrls: [location.origin],
});
`,
};

/** Installs the peers unless they are there, and bundles each to a script that starts by itself. */
export function bundlePeers(): Candidate[] {
  const folder = fileURLToPath(new URL('../../../.bench/agent-peers', import.meta.url));
  const manifest = JSON.stringify({ private: true, dependencies: PACKAGES }, null, 2);
  const file = join(folder, 'package.json');
  if (!existsSync(file) || readFileSync(file, 'utf8') !== manifest || !existsSync(join(folder, 'node_modules'))) {
    console.error('installing peers into .bench/agent-peers');
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, manifest);
    const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
    if (status !== 0) throw new Error('The peers could not be installed.');
  }
  return Object.entries(SOURCES).map(([name, contents]) => {
    const { outputFiles } = buildSync({
      stdin: { contents, resolveDir: folder },
      bundle: true,
      minify: true,
      format: 'iife',
      target: 'es2022',
      define: { 'process.env.NODE_ENV': '"production"' },
      write: false,
    });
    return { name, code: outputFiles[0]?.text ?? '' };
  });
}
