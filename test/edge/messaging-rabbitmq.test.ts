import { context, trace } from '@opentelemetry/api';
import { type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import * as callbacks from 'amqplib/callback_api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { traceAmqp } from '../../edge/messaging/index.ts';
import { ensureRabbitMq, type RabbitMq, startRabbitMq } from '../support/brokers/rabbitmq.ts';
import { spanNamed, startTelemetry, type Telemetry } from '../support/messaging-telemetry.ts';
import { until } from '../support/running-collector.ts';

const INSTALL_LIMIT_MS = 300_000;
const rabbit = ensureRabbitMq();
const skipped = 'missing' in rabbit ? rabbit.missing : undefined;

describe.skipIf(skipped)(`a trace through RabbitMQ${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let broker: RabbitMq;
  let telemetry: Telemetry;
  let raw: ChannelModel;
  let connection: ChannelModel;
  let channel: Channel;
  let confirming: ConfirmChannel;

  beforeAll(async () => {
    broker = await startRabbitMq('script' in rabbit ? rabbit.script : '');
    telemetry = await startTelemetry('shop');
    raw = await connect(broker.url);
    connection = traceAmqp(raw);
    channel = await connection.createChannel();
    confirming = await connection.createConfirmChannel();
  }, INSTALL_LIMIT_MS);
  afterAll(async () => {
    await raw?.close();
    await telemetry?.stop();
    await broker?.stop();
  });

  /** Consumes one message of `queue` in the handler given; answers the trace the handler ran in. */
  function consumeOne(queue: string, handler: (message: ConsumeMessage) => unknown, from = channel): Promise<string> {
    return new Promise((resolve, reject) => {
      const onMessage = async (message: ConsumeMessage | null): Promise<void> => {
        if (!message) return;
        await from.cancel(message.fields.consumerTag);
        resolve(trace.getActiveSpan()?.spanContext().traceId ?? '');
        await handler(message);
      };
      from.consume(queue, onMessage as (message: ConsumeMessage | null) => void).catch(reject);
    });
  }

  test('the consumer links to the producer, and the body arrives as it was', async () => {
    await channel.assertQueue('orders');
    const body = Buffer.from([0, 1, 2, 255, 254]);
    const produced = await telemetry.inTrace('checkout', () =>
      confirming.sendToQueue('orders', body, { messageId: 'm-1', correlationId: 'c-1', headers: { tenant: 'a' } }),
    );
    let received: ConsumeMessage | undefined;
    const consumed = await consumeOne('orders', (message) => {
      received = message;
      channel.ack(message);
    });

    const sent = spanNamed(await telemetry.view(produced, (spans) => spans.length === 2), 'publish orders');
    expect(sent).toMatchObject({ kind: 'producer', layer: 'queue', status: 'unset' });
    expect(sent.attributes).toMatchObject({
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders',
      'messaging.rabbitmq.destination.routing_key': 'orders',
      'messaging.message.id': 'm-1',
      'messaging.message.conversation_id': 'c-1',
      'messaging.message.body.size': 5,
    });
    expect(received?.content).toEqual(body);
    expect(received?.properties.headers).toEqual({
      tenant: 'a',
      traceparent: `00-${produced}-${sent.spanId}-01`,
    });

    expect(consumed).not.toBe(produced);
    const view = await telemetry.view(consumed, (spans) => spans.length === 1);
    const processed = spanNamed(view, 'process orders');
    expect(processed).toMatchObject({ kind: 'consumer', layer: 'queue', parentSpanId: '', status: 'unset' });
    expect(processed.links).toMatchObject([{ traceId: produced, spanId: sent.spanId }]);
    expect(processed.attributes).toMatchObject({
      'messaging.operation.type': 'process',
      'messaging.rabbitmq.message.delivery_tag': 1,
      'throughline.messaging.settlement': 'ack',
    });
    expect(processed.attributes).not.toHaveProperty('throughline.messaging.delivery_attempt');
  });

  test('join: continue puts the consumer into the producer’s trace, below the message', async () => {
    const joined = traceAmqp(raw, { join: 'continue' });
    const consumer = await joined.createChannel();
    await consumer.assertExchange('events', 'topic');
    await consumer.assertQueue('mails');
    await consumer.bindQueue('mails', 'events', 'order.*');
    const produced = await telemetry.inTrace('checkout', () =>
      confirming.publish('events', 'order.paid', Buffer.from('{}')),
    );
    await consumeOne('mails', (message) => consumer.ack(message), consumer);
    const view = await telemetry.view(produced, (spans) => spans.length === 3);
    const sent = spanNamed(view, 'publish events:order.paid');
    expect(spanNamed(view, 'process events:order.paid:mails')).toMatchObject({
      kind: 'consumer',
      parentSpanId: sent.spanId,
      links: [],
    });
    await consumer.close();
  });

  test('a rejected message is a dead letter that says where it died and why, and still links to its producer', async () => {
    await channel.assertQueue('dead');
    await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
    const produced = await telemetry.inTrace('checkout', () => confirming.sendToQueue('work', Buffer.from('bad')));
    const rejected = await consumeOne('work', (message) => channel.nack(message, false, false));
    const buried = await consumeOne('dead', (message) => channel.ack(message));
    const sent = spanNamed(await telemetry.view(produced, (spans) => spans.length === 2), 'publish work');
    const link = [{ traceId: produced, spanId: sent.spanId }];

    const first = spanNamed(await telemetry.view(rejected, (spans) => spans.length === 1), 'process work');
    expect(first.links).toMatchObject(link);
    expect(first.attributes).toMatchObject({ 'throughline.messaging.settlement': 'nack' });
    const second = spanNamed(await telemetry.view(buried, (spans) => spans.length === 1), 'process dead');
    expect(second.links).toMatchObject(link);
    expect(second.attributes).toMatchObject({
      'throughline.messaging.dead_letter.source': 'work',
      'throughline.messaging.dead_letter.reason': 'rejected',
    });
  });

  test('a redelivered message says which attempt it is', async () => {
    await channel.assertQueue('again');
    await channel.assertQueue('counted', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    for (const queue of ['again', 'counted']) {
      await telemetry.inTrace('checkout', () => confirming.sendToQueue(queue, Buffer.from('x')));
      const first = await consumeOne(queue, (message) => channel.nack(message));
      const second = await consumeOne(queue, (message) => channel.nack(message));
      const third = await consumeOne(queue, (message) => channel.ack(message));
      const attributesOf = async (traceId: string) =>
        spanNamed(await telemetry.view(traceId, (spans) => spans.length === 1), `process ${queue}`).attributes;
      expect(await attributesOf(first)).toMatchObject({ 'throughline.messaging.settlement': 'requeue' });
      expect(await attributesOf(first)).not.toHaveProperty('throughline.messaging.delivery_attempt');
      expect(await attributesOf(second)).toMatchObject({ 'throughline.messaging.delivery_attempt': 2 });
      // Only a quorum queue counts; a classic one says "again" and no more.
      const attempt = queue === 'counted' ? 3 : 2;
      expect(await attributesOf(third)).toMatchObject({ 'throughline.messaging.delivery_attempt': attempt });
    }
  });

  test('work after the settlement, and a settlement after the work, are inside the span', async () => {
    await channel.assertQueue('late');
    // Longer than the clocks of two spans of the SDK may differ, which is a millisecond.
    const roundTrips = async (): Promise<number> => {
      const startMs = performance.now();
      while (performance.now() - startMs < 20) await confirming.checkQueue('late');
      return performance.now() - startMs;
    };
    await telemetry.inTrace('checkout', () => confirming.sendToQueue('late', Buffer.from('1')));
    let workedMs = 0;
    const early = await consumeOne('late', async (message) => {
      channel.ack(message);
      workedMs = await roundTrips();
    });
    const processed = spanNamed(await telemetry.view(early, (spans) => spans.length === 1), 'process late');
    expect(processed.durationMs).toBeGreaterThan(workedMs - 2);

    // A handler that only takes the message: its span waits for the settlement.
    await telemetry.inTrace('checkout', () => confirming.sendToQueue('late', Buffer.from('2')));
    let taken: ConsumeMessage | undefined;
    const held = await consumeOne('late', (message) => {
      taken = message;
    });
    const message = await until(() => taken);
    const openMs = await roundTrips();
    channel.ack(message);
    const late = spanNamed(await telemetry.view(held, (spans) => spans.length === 1), 'process late');
    expect(late.durationMs).toBeGreaterThan(openMs - 2);
    expect(late.attributes).toMatchObject({ 'throughline.messaging.settlement': 'ack' });
  });

  test('a channel that closes ends what it left open', async () => {
    const leaving = await connection.createChannel();
    await leaving.assertQueue('left');
    await telemetry.inTrace('checkout', () => confirming.sendToQueue('left', Buffer.from('x')));
    const traceId = await consumeOne('left', () => undefined, leaving);
    await leaving.close();
    const left = spanNamed(await telemetry.view(traceId, (spans) => spans.length === 1), 'process left');
    expect(left.attributes).toMatchObject({ 'throughline.messaging.settlement': 'lost' });
  });

  test('a synchronous handler that throws fails as without tracing, and its span says so', async () => {
    const throwing = await connection.createChannel();
    await throwing.assertQueue('throws');
    const failure = new RangeError('not today');
    const reported = new Promise<Error>((resolve) => throwing.on('handler-error', resolve));
    let traceId = '';
    await throwing.consume('throws', () => {
      traceId = trace.getActiveSpan()?.spanContext().traceId ?? '';
      throw failure;
    });
    await telemetry.inTrace('checkout', () => confirming.sendToQueue('throws', Buffer.from('x')));
    expect(await reported).toBe(failure);
    const span = spanNamed(await telemetry.view(traceId, (spans) => spans.length === 1), 'process throws');
    expect(span).toMatchObject({ status: 'error' });
    expect(span.attributes).toMatchObject({ 'error.type': 'RangeError' });
    await throwing.close();
  });

  test('get is a receive span, and an empty queue makes none', async () => {
    await channel.assertQueue('pulled');
    expect(await channel.get('pulled')).toBe(false);
    const produced = await telemetry.inTrace('checkout', () => confirming.sendToQueue('pulled', Buffer.from('x')));
    await confirming.waitForConfirms();
    const asked = await telemetry.inTrace('poll', async () => {
      expect(await channel.get('pulled', { noAck: true })).toMatchObject({ content: Buffer.from('x') });
      expect(await channel.get('pulled', { noAck: true })).toBe(false);
    });
    const view = await telemetry.view(asked, (spans) => spans.length === 2);
    expect(spanNamed(view, 'receive pulled')).toMatchObject({ kind: 'client', links: [{ traceId: produced }] });
  });

  test('a context of the caller’s own stays, and options are not written to', async () => {
    await channel.assertQueue('own');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const options = Object.freeze({ headers: Object.freeze({ traceparent }) });
    const produced = await telemetry.inTrace('forward', () => confirming.sendToQueue('own', Buffer.from('x'), options));
    let headers: unknown;
    await consumeOne('own', (message) => {
      headers = message.properties.headers;
      channel.ack(message);
    });
    expect(headers).toEqual({ traceparent });
    const view = await telemetry.view(produced, (spans) => spans.length === 2);
    expect(spanNamed(view, 'publish own')).toMatchObject({
      kind: 'client',
      links: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }],
    });
  });

  test('amqplib’s callbacks are traced as its promises', async () => {
    const plain = await new Promise<callbacks.Connection>((resolve, reject) =>
      callbacks.connect(broker.url, (error, given) => (error ? reject(error) : resolve(given))),
    );
    let returned: unknown;
    const own = await new Promise<callbacks.ConfirmChannel>((resolve, reject) => {
      returned = traceAmqp(plain).createConfirmChannel((error, given) => (error ? reject(error) : resolve(given)));
    });
    expect(returned).toBe(own);
    await new Promise((resolve, reject) => {
      own.assertQueue('called', {}, (error) => (error ? reject(error) : resolve(undefined)));
    });
    const produced = await telemetry.inTrace(
      'checkout',
      () =>
        new Promise((resolve, reject) => {
          own.sendToQueue('called', Buffer.from('x'), {}, (error) => (error ? reject(error) : resolve(undefined)));
        }),
    );
    const consumed = await new Promise<string>((resolve) => {
      own.consume('called', (message) => {
        resolve(trace.getActiveSpan()?.spanContext().traceId ?? '');
        if (message) own.ack(message);
      });
    });
    const sent = spanNamed(await telemetry.view(produced, (spans) => spans.length === 2), 'publish called');
    const processed = spanNamed(await telemetry.view(consumed, (spans) => spans.length === 1), 'process called');
    expect(processed.links).toMatchObject([{ traceId: produced, spanId: sent.spanId }]);
    expect(processed.attributes).toMatchObject({ 'throughline.messaging.settlement': 'ack' });
    await new Promise((resolve) => plain.close(resolve));
  });

  test('the channel is the caller’s own in all else', async () => {
    expect(context.active().getValue(Symbol.for('nothing'))).toBeUndefined();
    expect(channel).toBeInstanceOf(Object.getPrototypeOf(channel).constructor);
    expect(channel.on('drain', () => undefined)).toBe(channel);
    expect(await channel.prefetch(10)).toEqual({});
    expect(() => channel.sendToQueue('orders', 'no buffer' as unknown as Buffer)).toThrow(TypeError);
    expect(channel.connection).toBe((await raw.createChannel()).connection);
  });
});
