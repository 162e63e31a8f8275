import { bindings, instrument, type Options } from 'throughline/cloudflare';

// biome-ignore lint/suspicious/noExplicitAny: the platform's bindings and events have no types here
type Any = any;

const options = (env: Any): Options => ({
  service: 'triggers',
  collector: env.COLLECTOR,
  traceEnv: bindings({ queues: { ORDERS: 'orders', BATCHES: 'batches' } }),
});

export default instrument(
  {
    async fetch(request: Request, env: Any): Promise<Response> {
      const { pathname } = new URL(request.url);
      if (pathname === '/send') await env.ORDERS.send({ order: 1 });
      if (pathname === '/send-batch') await env.BATCHES.sendBatch([{ body: { order: 1 } }, { body: { order: 2 } }]);
      if (pathname === '/fail') throw new RangeError('seen in the tail');
      return new Response(await env.KV.get(pathname));
    },
    async queue(batch: Any, env: Any): Promise<void> {
      await env.KV.put('/batch', JSON.stringify(batch.messages.map(({ body }: Any) => body)));
      // The first time all of a batch is sent back.
      if (batch.messages.length > 1 && batch.messages[0].attempts === 1) batch.retryAll();
      else batch.ackAll();
    },
    async email(message: Any, env: Any): Promise<void> {
      const raw = await new Response(message.raw).text();
      await env.KV.put('/email', `${message.from} ${message.to} ${message.headers.get('subject')} ${raw.length > 0}`);
      // Awaited because miniflare calls it from another process.
      if (message.headers.get('subject') === 'unwelcome') await message.setReject('no thanks');
      if (message.headers.get('subject') === 'broken') throw new TypeError('unreadable');
    },
    async tail(events: Any, env: Any): Promise<void> {
      const [{ outcome, exceptions }] = events;
      if (outcome === 'exception')
        await env.KV.put('/tail', JSON.stringify([outcome, exceptions.map(({ name }: Any) => name)]));
    },
  },
  options,
  { join: 'continue' },
);
