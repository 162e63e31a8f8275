import { register } from 'node:module';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

// The stock OpenTelemetry SDK, nothing of Throughline: any service that speaks OTLP joins the line. Loaded with
// `--import` so that it stands before the first `import 'node:http'`.
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

const collector = process.env.COLLECTOR_URL ?? 'http://127.0.0.1:4318';
const key = process.env.THROUGHLINE_SECRET_KEY;

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({
    'service.name': 'shop-backend',
    'service.version': '1.0.0',
    'deployment.environment.name': 'demo',
  }),
  spanProcessors: [
    new BatchSpanProcessor(
      new OTLPTraceExporter({
        url: `${collector}/v1/traces`,
        ...(key ? { headers: { authorization: `Bearer ${key}` } } : {}),
      }),
      // The default of 5 s is right for production; somebody watching the viewer should not wait for it.
      { scheduledDelayMillis: 500 },
    ),
  ],
});
provider.register();

registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });

/** Sends what still waits; call it before the process ends. */
export function shutdownTelemetry(): Promise<void> {
  return provider.shutdown();
}
