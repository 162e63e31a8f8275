import { context, propagation, trace } from '@opentelemetry/api';
import { Hono } from 'hono';
import { flush, ledger, type TrustTable, throughline } from 'throughline/hono';
import { answerTiming, b3, baggage, jaeger } from 'throughline/propagation';

interface Env {
  COLLECTOR: string;
  ORIGIN: string;
  RATIO?: string;
  FOREIGN?: string;
}

const TRUST: TrustTable = {
  'same-origin': 'continue',
  'https://partner.example': 'link',
  'https://ally.example': 'continue',
  '*': 'restart',
};

const app = new Hono<{ Bindings: Env }>();
app.get('/ledger', async (c) => {
  await flush();
  return c.json(ledger());
});
app.use(
  throughline((env: Env) => ({
    service: 'trust',
    collector: env.COLLECTOR,
    propagateTo: [env.ORIGIN],
    trust: env.RATIO || env.FOREIGN ? 'continue' : TRUST,
    sampleRatio: env.RATIO ? Number(env.RATIO) : undefined,
    maxForeignTracesPerSecond: env.FOREIGN ? Number(env.FOREIGN) : undefined,
    propagators: [
      baggage({ from: ['https://ally.example'], to: [env.ORIGIN], attributes: ['tenant'] }),
      b3(),
      jaeger(),
      answerTiming({ to: ['https://ally.example'] }),
    ],
  })),
);
app.get('/call', async (c) => {
  const seen = await (await fetch(`${c.env.ORIGIN}/echo`)).json();
  return c.json({ seen, baggage: propagation.getBaggage(context.active())?.getAllEntries() ?? [] });
});
app.get('/own-baggage', async (c) => {
  const mine = propagation.createBaggage({ plan: { value: 'pro é' } });
  const seen = await context.with(propagation.setBaggage(context.active(), mine), () => fetch(`${c.env.ORIGIN}/echo`));
  return c.json(await seen.json());
});
app.get('/ids', (c) => c.json(trace.getActiveSpan()?.spanContext() ?? null));

export default app;
