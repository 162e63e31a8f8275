import { Hono } from 'hono';
import { throughline } from 'throughline/hono';

/** What the W3C suite wants of a service: POST a list of calls, make each of them. */
interface Call {
  url: string;
  arguments: unknown;
}

const app = new Hono();
app.use(throughline({ service: 'conformance', collector: 'http://127.0.0.1:9', propagateTo: ['*'] }));
app.post('*', async (c) => {
  const calls = await c.req.json<Call[]>();
  for (const { url, arguments: passed } of calls) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(passed) };
    await (await fetch(url, init)).text();
  }
  return c.json(null);
});

export default app;
