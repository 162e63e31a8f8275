import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { request } from './support/http.ts';
import { type Models, startModels } from './support/models.ts';
import { type Sink, type SinkSpan, startSink } from './support/sink.ts';
import { startWorker, type Worker } from './support/workerd.ts';

describe('Workers AI and Vectorize', () => {
  let sink: Sink;
  let models: Models;
  let worker: Worker;
  beforeAll(async () => {
    [sink, models] = await Promise.all([startSink(), startModels()]);
    const remoteProxyConnectionString = models.url as never;
    worker = await startWorker('models', {
      bindings: { COLLECTOR: sink.url },
      ai: { binding: 'AI', remoteProxyConnectionString },
      vectorize: { VECTORS: { index_name: 'vectors', remoteProxyConnectionString } },
    });
  });
  afterAll(() => Promise.all([worker.stop(), models.close(), sink.close()]));
  afterEach(() => sink.clear());
  const get = (path: string) => request(worker.url + path);
  const call = (name: string): Promise<SinkSpan> =>
    sink.find((spans) => spans.find((span) => span.name === name), `the span ${name}`);

  test('a chat: model and tokens, neither prompt nor answer', async () => {
    const [answer, id] = (await get('/chat')).json<[{ response: string }, string]>();
    expect([answer.response, id]).toEqual(['an answer', 'request-7']);
    const span = await call('chat @cf/meta/llama');
    expect(span).toMatchObject({ kind: 3 });
    expect(span.attrs).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'cloudflare.workers_ai',
      'gen_ai.request.model': '@cf/meta/llama',
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 5,
      'throughline.binding': 'AI',
    });
    expect(JSON.stringify(sink.posts)).not.toMatch(/secret-42|an answer/);
  });
  test('a streamed answer passes as it is', async () => {
    expect((await get('/stream')).body).toBe('data: one\n\ndata: two\n\n');
    expect((await call('chat @cf/meta/llama')).status).toBeUndefined();
  });
  test('other models are run', async () => {
    expect((await get('/embed')).json()).toEqual({ shape: [1, 2], data: [[0.5, 0.25]] });
    expect((await call('run @cf/baai/bge')).attrs['gen_ai.operation.name']).toBe('run');
  });
  test('an error is on the span and reaches the app as it is', async () => {
    expect((await get('/fails')).body).toBe('AiError: 5007: No such model');
    expect(await call('run @cf/broken')).toMatchObject({ status: { code: 2 }, attrs: { 'error.type': 'AiError' } });
  });
  test('Vectorize: a span a call', async () => {
    const [inserted, found, failed] = (await get('/vectors')).json<[object, { count: number }, string]>();
    expect(inserted).toEqual({ mutationId: 'm1' });
    expect(found.count).toBe(1);
    expect(failed).toBe('Error: VECTOR_DELETE_ERROR (code = 40006): no such vector');
    expect((await call('query VECTORS')).attrs).toMatchObject({
      'db.system.name': 'cloudflare.vectorize',
      'db.operation.name': 'query',
      'db.namespace': 'VECTORS',
    });
    expect((await call('insert VECTORS')).kind).toBe(3);
    expect((await call('deleteByIds VECTORS')).status?.code).toBe(2);
  });
});
