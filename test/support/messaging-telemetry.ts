import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { SpanView, TraceView } from '../../edge/trace/trace-view.ts';
import { ATTR_SERVICE_NAME } from '../../src/wire/names.ts';
import { type RunningCollector, runCollector, until } from './running-collector.ts';

/** A plain Node service with OpenTelemetry's own SDK, and a real collector that its spans go to. */
export interface Telemetry {
  /** Runs `work` in a span of the application; answers its trace id. */
  inTrace(name: string, work: () => unknown): Promise<string>;
  /** The trace as the collector assembled it, once `isComplete`. */
  view(traceId: string, isComplete: (spans: SpanView[]) => boolean): Promise<TraceView>;
  stop(): Promise<void>;
}

export async function startTelemetry(service: string): Promise<Telemetry> {
  const collector: RunningCollector = await runCollector();
  const exporter = new OTLPTraceExporter({ url: `${collector.url}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: service }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 50 })],
  });
  provider.register();
  return {
    inTrace: (name, work) =>
      trace.getTracer('application').startActiveSpan(name, async (span) => {
        try {
          await work();
          return span.spanContext().traceId;
        } finally {
          span.end();
        }
      }),
    async view(traceId, isComplete) {
      let last: unknown;
      return until(async () => {
        const response = await fetch(`${collector.url}/api/traces/${traceId}`);
        if (!response.ok) return undefined;
        const view = (await response.json()) as TraceView;
        last = view.spans.map(({ name }) => name);
        return isComplete(view.spans) ? view : undefined;
      }).catch((error: Error) => {
        throw new Error(`${error.message} in trace ${traceId}, which has ${JSON.stringify(last)}`);
      });
    },
    async stop() {
      await provider.shutdown();
      await collector.stop();
    },
  };
}

/** The one span of that name. */
export function spanNamed(view: TraceView, name: string): SpanView {
  const found = view.spans.filter((span) => span.name === name);
  if (found.length !== 1)
    throw new Error(`${found.length} spans named ${name} among ${view.spans.map((span) => span.name).join(', ')}`);
  return found[0] as SpanView;
}
