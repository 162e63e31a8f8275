import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQS,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { trace } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processSqsBatch, processSqsMessage, traceSqs } from '../../edge/messaging/index.ts';
import { ELASTICMQ_JARS, type SqsServer, startElasticMq } from '../support/brokers/elasticmq.ts';
import { fetchJars } from '../support/brokers/maven-jars.ts';
import { spanNamed, startTelemetry, type Telemetry } from '../support/messaging-telemetry.ts';
import { until } from '../support/running-collector.ts';

const jars = fetchJars(ELASTICMQ_JARS, 60_000);
const skipped = 'missing' in jars ? jars.missing : undefined;
if (skipped) console.error(`SQS is not tested: ${skipped}.`);

describe.skipIf(skipped)(`a trace through SQS${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let server: SqsServer;
  let telemetry: Telemetry;
  let untraced: SQSClient;
  let client: SQSClient;

  beforeAll(async () => {
    server = await startElasticMq('folder' in jars ? jars.folder : '');
    telemetry = await startTelemetry('shop');
    untraced = new SQSClient(settings());
    client = traceSqs(new SQSClient(settings()));
  }, 180_000);
  afterAll(async () => {
    client?.destroy();
    untraced?.destroy();
    await telemetry?.stop();
    await server?.stop();
  });

  const settings = () => ({
    endpoint: server.url,
    region: 'elasticmq',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });

  async function createQueue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
    const { QueueUrl } = await untraced.send(new CreateQueueCommand({ QueueName, Attributes }));
    return QueueUrl as string;
  }

  async function receive(QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
    const messages: Message[] = [];
    const limit = more.MaxNumberOfMessages ?? 1;
    await until(async () => {
      const command = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, ...more });
      messages.push(...((await client.send(command)).Messages ?? []));
      return messages.length >= limit ? true : undefined;
    });
    return messages;
  }
  const activeTrace = (): string => trace.getActiveSpan()?.spanContext().traceId ?? '';
  const attributesOf = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: `${i}` }]));

  test('the consumer links to the producer, and the message is as the application asked for it', async () => {
    const QueueUrl = await createQueue('orders');
    const input = Object.freeze({ QueueUrl, MessageBody: '{"order":1}', MessageAttributes: attributesOf(1) });
    let id: string | undefined;
    const produced = await telemetry.inTrace('checkout', async () => {
      id = (await client.send(new SendMessageCommand(input))).MessageId;
    });
    expect(input.MessageAttributes).toEqual(attributesOf(1));

    const view = await telemetry.view(produced, (spans) => spans.length === 2);
    const sent = spanNamed(view, 'send orders');
    expect(sent).toMatchObject({ kind: 'producer', layer: 'queue' });
    expect(sent.attributes).toMatchObject({
      'messaging.system': 'aws_sqs',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders',
      'messaging.message.id': id,
      'messaging.message.body.size': 11,
      'aws.sqs.queue.url': QueueUrl,
      'server.address': '127.0.0.1',
    });

    let message: Message | undefined;
    const polled = await telemetry.inTrace('poll', async () => {
      [message] = await receive(QueueUrl, { MessageAttributeNames: ['a0'] });
    });
    expect(message).toMatchObject({ Body: '{"order":1}', MessageId: id, MessageAttributes: attributesOf(1) });
    expect(Object.keys(message?.MessageAttributes ?? {})).toEqual(['a0']);
    expect(message).not.toHaveProperty('Attributes');
    expect(JSON.stringify(message)).not.toContain('traceparent');
    const received = spanNamed(await telemetry.view(polled, (spans) => spans.length === 2), 'receive orders');
    const link = [{ traceId: produced, spanId: sent.spanId }];
    expect(received).toMatchObject({ kind: 'client', links: link });

    // A copy is as good, as applications make them.
    let consumed = '';
    const result = await processSqsMessage({ ...(message as Message) }, async ({ ReceiptHandle, Body }) => {
      consumed = activeTrace();
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      return Body;
    });
    expect(result).toBe('{"order":1}');
    const work = await telemetry.view(consumed, (spans) => spans.length === 2);
    const processed = spanNamed(work, 'process orders');
    expect(processed).toMatchObject({ kind: 'consumer', layer: 'queue', parentSpanId: '', links: link });
    expect(processed.attributes['throughline.messaging.queue_time_ms']).toBeGreaterThanOrEqual(0);
    expect(spanNamed(work, 'delete orders')).toMatchObject({
      kind: 'client',
      parentSpanId: processed.spanId,
      attributes: { 'messaging.operation.type': 'settle' },
    });
  });

  test('join: continue puts the processing into the producer’s trace', async () => {
    const QueueUrl = await createQueue('joined');
    const produced = await telemetry.inTrace('checkout', () =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
    );
    const [message] = (await receive(QueueUrl)) as [Message];
    processSqsMessage(message, () => undefined, { join: 'continue' });
    const view = await telemetry.view(produced, (spans) => spans.length === 3);
    expect(spanNamed(view, 'process joined').parentSpanId).toBe(spanNamed(view, 'send joined').spanId);
  });

  test('a batch gives each message its own context, and its consumer links to all of them', async () => {
    const QueueUrl = await createQueue('batched');
    const Entries = [1, 2, 3].map((i) => ({ Id: `${i}`, MessageBody: `${i}` }));
    const produced = await telemetry.inTrace('checkout', () =>
      client.send(new SendMessageBatchCommand({ QueueUrl, Entries })),
    );
    expect(Entries.every((entry) => Object.keys(entry).length === 2)).toBe(true);
    const messages = await receive(QueueUrl, { MaxNumberOfMessages: 3 });
    let consumed = '';
    processSqsBatch(messages, () => {
      consumed = activeTrace();
    });
    const view = await telemetry.view(produced, (spans) => spans.length === 5);
    const created = view.spans.filter(({ name }) => name === 'create batched').map(({ spanId }) => spanId);
    expect(spanNamed(view, 'send batched')).toMatchObject({
      kind: 'client',
      attributes: { 'messaging.batch.message_count': 3 },
    });
    const processed = spanNamed(await telemetry.view(consumed, (spans) => spans.length === 1), 'process batched');
    expect(processed.links.map(({ spanId }) => spanId).sort()).toEqual(created.sort());
    expect(processed.attributes).toMatchObject({ 'messaging.batch.message_count': 3 });
  });

  test('a message that has its ten attributes is sent, and still found by a system attribute', async () => {
    const QueueUrl = await createQueue('full');
    const eleven = new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes: attributesOf(11) });
    await expect(untraced.send(eleven)).rejects.toThrow(); // what one more would do
    for (const count of [9, 10]) {
      const produced = await telemetry.inTrace('checkout', () =>
        client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes: attributesOf(count) })),
      );
      const [message] = (await receive(QueueUrl, { MessageAttributeNames: ['a*', 'All'] })) as [Message];
      expect(Object.keys(message.MessageAttributes ?? {})).toHaveLength(10);
      const { spanId } = spanNamed(await telemetry.view(produced, (spans) => spans.length === 2), 'send full');
      let consumed = '';
      processSqsMessage(message, () => {
        consumed = activeTrace();
      });
      const processed = spanNamed(await telemetry.view(consumed, (spans) => spans.length === 1), 'process full');
      expect(processed.links).toMatchObject([{ traceId: produced, spanId }]);
    }
  });

  test('a message as large as SQS takes it is sent, and still found', async () => {
    const QueueUrl = await createQueue('large');
    const MessageBody = 'x'.repeat(256 * 1024);
    const larger = new SendMessageCommand({ QueueUrl, MessageBody: `${MessageBody}x` });
    await expect(untraced.send(larger)).rejects.toThrow(); // what a byte more would do
    const produced = await telemetry.inTrace('checkout', () =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody })),
    );
    const [message] = (await receive(QueueUrl)) as [Message];
    expect(message.Body).toHaveLength(256 * 1024);
    let consumed = '';
    processSqsMessage(message, () => {
      consumed = activeTrace();
    });
    const processed = spanNamed(await telemetry.view(consumed, (spans) => spans.length === 1), 'process large');
    expect(processed.links).toMatchObject([{ traceId: produced }]);
  });

  test('a message that comes again says so, and in the dead letter queue where it was', async () => {
    const dead = await createQueue('dead');
    const { Attributes } = await untraced.send(
      new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
    );
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 2 });
    const QueueUrl = await createQueue('retried', { RedrivePolicy });
    const produced = await telemetry.inTrace('checkout', () =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
    );
    const traces: string[] = [];
    for (let i = 0; i < 2; i++) {
      const [message] = (await receive(QueueUrl, { VisibilityTimeout: 0 })) as [Message];
      const failure = new Error('not today');
      const work = () =>
        processSqsMessage(message, () => {
          traces.push(activeTrace());
          throw failure;
        });
      expect(work).toThrow(failure);
    }
    // Asking once more is what moves it.
    await client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
    const [buried] = (await receive(dead)) as [Message];
    processSqsMessage(buried, () => traces.push(activeTrace()));
    const views = await Promise.all(traces.map((id) => telemetry.view(id, (spans) => spans.length === 1)));
    const [first, second, last] = views.map(({ spans }) => spans[0]);
    expect(first?.attributes).not.toHaveProperty('throughline.messaging.delivery_attempt');
    expect(second).toMatchObject({ status: 'error', attributes: { 'throughline.messaging.delivery_attempt': 2 } });
    expect(last).toMatchObject({ name: 'process dead', links: [{ traceId: produced }] });
    expect(last?.attributes).toMatchObject({ 'throughline.messaging.dead_letter.source': 'retried' });
  });

  test('a send that is refused rejects with the client’s own error, on its span too', async () => {
    const QueueUrl = `${server.url}/000000000000/nowhere`;
    const errors: Error[] = [];
    const produced = await telemetry.inTrace('checkout', () =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })).catch((error) => errors.push(error)),
    );
    const untracedError = await untraced
      .send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
      .catch((error) => error);
    expect(errors).toMatchObject([{ name: untracedError.name }]);
    const view = await telemetry.view(produced, (spans) => spans.length === 2);
    expect(spanNamed(view, 'send nowhere').status).toBe('error');
  });

  test('the aggregated client works the same, and tracing twice traces once', async () => {
    const QueueUrl = await createQueue('twice');
    const sqs = traceSqs(traceSqs(new SQS(settings())));
    const produced = await telemetry.inTrace('checkout', () => sqs.sendMessage({ QueueUrl, MessageBody: 'x' }));
    sqs.destroy();
    const view = await telemetry.view(produced, (spans) => spans.length >= 2);
    expect(view.spans.map(({ name }) => name)).toEqual(['checkout', 'send twice']);
  });
});
