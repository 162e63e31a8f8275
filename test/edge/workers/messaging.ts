import { context, SpanKind, trace } from '@opentelemetry/api';
import { extract, inject, traceKafkaProducer } from 'throughline/messaging';
import { instrument } from 'throughline/worker';

interface Env {
  COLLECTOR: string;
}

/** Stands for a producer's client over HTTP, such as workers use: it answers what it was told to send. */
const producer = traceKafkaProducer({
  async send(record: { topic: string; messages: Array<{ value: string; headers?: Record<string, string> }> }) {
    return record.messages;
  },
});

export default instrument(
  {
    async fetch(_request: Request, _env: Env): Promise<Response> {
      const sent = await producer.send({ topic: 'orders', messages: [{ value: 'v' }] });
      const headers = inject<Record<string, string>>({});
      const consumed = context.with(extract(sent[0]?.headers), () => {
        const span = trace.getTracer('app').startSpan('consumed', { kind: SpanKind.CONSUMER });
        span.end();
        return span.spanContext();
      });
      return Response.json({ sent, headers, consumed });
    },
  },
  (env: Env) => ({ service: 'orders-edge', collector: env.COLLECTOR }),
);
