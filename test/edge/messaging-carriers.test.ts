import { context, propagation, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  extract,
  extractLink,
  inject,
  processSqsMessage,
  traceAmqpChannel,
  traceKafka,
  traceSqs,
} from '../../edge/messaging/index.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';
const TRACEPARENT = `00-${T}-${S}-03`;
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

function inSpan<R>(work: (span: Span) => R): R {
  return trace.getTracer('application').startActiveSpan('work', (span) => {
    try {
      return work(span);
    } finally {
      span.end();
    }
  });
}

describe('without an SDK', () => {
  test('nothing is written, and what came from elsewhere is passed on', () => {
    expect(inject({})).toEqual({});
    const incoming = trace.setSpanContext(ROOT_CONTEXT, { traceId: T, spanId: S, traceFlags: 1 });
    // No context manager either: nothing is active.
    expect(context.with(incoming, () => inject({}))).toEqual({});
    expect(trace.getSpanContext(extract({ traceparent: TRACEPARENT }))).toMatchObject({ traceId: T, spanId: S });
  });

  test('wrapped clients work as they are', async () => {
    const calls: unknown[] = [];
    const client = traceKafka({ producer: () => ({ send: async (record: unknown) => calls.push(record) }) });
    const record = { topic: 't', messages: [{ value: 'v' }, { value: 'w' }] };
    expect(await client.producer().send(record)).toBe(1);
    expect(calls).toEqual([record]);
  });
});

describe('with an SDK', () => {
  beforeAll(() => provider.register());
  afterAll(() => provider.shutdown());
  afterEach(() => exporter.reset());

  describe('inject and extract', () => {
    test('carry the active span through a plain object', () => {
      inSpan((span) => {
        const carrier = inject({ tenant: 'a' } as Record<string, string>);
        const { traceId, spanId } = span.spanContext();
        expect(carrier).toEqual({ tenant: 'a', traceparent: `00-${traceId}-${spanId}-01` });
        expect(trace.getSpanContext(extract(carrier))).toEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
        expect(extractLink(carrier)).toEqual({ context: { traceId, spanId, traceFlags: 1, isRemote: true } });
      });
    });

    test('carry tracestate by level 2 of Trace Context, and keep the random flag', () => {
      const extracted = extract({ traceparent: TRACEPARENT, tracestate: '0vendor=1,ot=rv:0123456789abcd;th:8' });
      expect(trace.getSpanContext(extracted)?.traceFlags).toBe(3);
      expect(context.with(extracted, () => inject({}))).toEqual({
        traceparent: TRACEPARENT,
        tracestate: '0vendor=1,ot=rv:0123456789abcd;th:8',
      });
    });

    test('use a setter and a getter where there are', () => {
      const headers = new Map<string, string>();
      const setter = { set: (to: Map<string, string>, key: string, value: string) => to.set(key, value) };
      const getter = { get: (from: Map<string, string>, key: string) => from.get(key) };
      const spanId = inSpan((span) => {
        inject(headers, setter);
        return span.spanContext().spanId;
      });
      expect([...headers.keys()]).toEqual(['traceparent']);
      expect(trace.getSpanContext(extract(headers, getter))?.spanId).toBe(spanId);
    });

    test('write nothing outside of a span, and nothing over a context that is there', () => {
      expect(inject({})).toEqual({});
      inSpan(() => expect(inject({ traceparent: 'mine' })).toEqual({ traceparent: 'mine' }));
      inSpan(() => expect(inject({ TraceParent: 'mine' })).toEqual({ TraceParent: 'mine' }));
    });

    test('carry the baggage that is named, and no other', () => {
      const baggage = propagation.createBaggage({ tenant: { value: 'a b' }, secret: { value: 'x' } });
      const carrier = context.with(propagation.setBaggage(context.active(), baggage), () =>
        inSpan(() => inject({} as Record<string, string>, undefined, { baggage: ['tenant', 'absent'] })),
      );
      expect(carrier.baggage).toBe('tenant=a%20b');
      expect(propagation.getBaggage(extract(carrier))).toBeUndefined();
      const named = propagation.getBaggage(extract(carrier, undefined, { baggage: ['tenant'] }));
      expect(named?.getAllEntries()).toEqual([['tenant', { value: 'a b' }]]);
    });

    test('leave the active context as it is where a carrier has none', () => {
      inSpan((span) => {
        for (const carrier of [{}, { traceparent: 'no' }, null, undefined, 'text', 7])
          expect(trace.getSpan(extract(carrier))).toBe(span);
      });
    });

    test('read bytes and single-item lists, as brokers hand them out', () => {
      const bytes = new TextEncoder().encode(TRACEPARENT);
      for (const traceparent of [bytes, Buffer.from(bytes), [bytes], [TRACEPARENT]])
        expect(trace.getSpanContext(extract({ traceparent }))?.traceId).toBe(T);
      expect(extractLink({ traceparent: [TRACEPARENT, TRACEPARENT] })).toBeUndefined();
      const twice = extract({ traceparent: TRACEPARENT, tracestate: ['a=1', Buffer.from('b=2')] });
      expect(trace.getSpanContext(twice)?.traceState?.serialize()).toBe('a=1,b=2');
    });
  });

  describe('Confluent’s client for Kafka', () => {
    /** Its shape: classes with private state, configuration under `kafkaJS`, `run` that waits for the handler. */
    class ConfluentKafka {
      readonly #log: unknown[];
      constructor(log: unknown[]) {
        this.#log = log;
      }
      producer() {
        return new ConfluentProducer(this.#log);
      }
      consumer(_config: { kafkaJS: { groupId: string } }) {
        return new ConfluentConsumer();
      }
    }
    class ConfluentProducer {
      readonly #log: unknown[];
      constructor(log: unknown[]) {
        this.#log = log;
      }
      async send(record: { topic: string; messages: Array<{ value: string; headers?: Record<string, string> }> }) {
        this.#log.push(record);
        return [{ topicName: record.topic, partition: 3, errorCode: 0, baseOffset: '41' }];
      }
    }
    class ConfluentConsumer {
      #isRunning = false;
      async run(config: { eachMessage(payload: unknown): Promise<void> }) {
        this.#isRunning = true;
        const headers = { traceparent: Buffer.from(TRACEPARENT) };
        const message = { offset: '5', timestamp: String(Date.now() - 50), value: null, headers };
        await config.eachMessage({ topic: 'orders', partition: 3, message });
        return this.#isRunning;
      }
    }

    test('keeps its private state, and its messages their context', async () => {
      const log: Array<{ messages: Array<{ headers?: Record<string, string> }> }> = [];
      const kafka = traceKafka(new ConfluentKafka(log));
      const producer = kafka.producer();
      expect(producer).toBeInstanceOf(ConfluentProducer);
      await producer.send({ topic: 'orders', messages: [{ value: 'v' }] });
      const [sent] = exporter.getFinishedSpans();
      expect(log[0]?.messages[0]?.headers?.traceparent).toContain(sent?.spanContext().spanId);
      expect(sent?.attributes).toMatchObject({
        'messaging.destination.partition.id': '3',
        'messaging.kafka.offset': 41,
      });
      exporter.reset();

      const consumer = kafka.consumer({ kafkaJS: { groupId: 'mailers' } });
      expect(await consumer.run({ eachMessage: async () => undefined })).toBe(true);
      const [processed] = exporter.getFinishedSpans();
      expect(processed?.links).toMatchObject([{ context: { traceId: T, spanId: S } }]);
      expect(processed?.attributes).toMatchObject({
        'messaging.consumer.group.name': 'mailers',
        'messaging.kafka.message.tombstone': true,
        'messaging.kafka.offset': 5,
      });
    });
  });

  test('Lambda’s records of SQS are messages too', () => {
    const record = {
      messageId: 'm-1',
      body: 'x',
      attributes: { ApproximateReceiveCount: '3', SentTimestamp: String(Date.now() - 1000) },
      messageAttributes: { traceparent: { dataType: 'String', stringValue: TRACEPARENT } },
      eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
    };
    expect(processSqsMessage(record, ({ body }) => body)).toBe('x');
    const [span] = exporter.getFinishedSpans();
    expect(span?.name).toBe('process orders');
    expect(span?.links).toMatchObject([{ context: { traceId: T, spanId: S } }]);
    expect(span?.attributes).toMatchObject({
      'messaging.message.id': 'm-1',
      'throughline.messaging.delivery_attempt': 3,
    });
    expect(span?.attributes['throughline.messaging.queue_time_ms']).toBeGreaterThanOrEqual(1000);
  });

  test('baggage that is named reaches the handler and the span', () => {
    const record = {
      messageAttributes: {
        baggage: { stringValue: 'session.id=s1,other=x' },
        traceparent: { stringValue: TRACEPARENT },
      },
    };
    const seen = processSqsMessage(record, () => propagation.getActiveBaggage()?.getAllEntries(), {
      queueUrl: 'https://sqs.example.com/1/orders',
      baggage: ['session.id'],
    });
    expect(seen).toEqual([['session.id', { value: 's1' }]]);
    expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({ 'session.id': 's1' });
  });

  describe('a queue of SQS with a size limit of its own', () => {
    /** Answers as SQS does for a queue that takes messages of 100 bytes. */
    type Entry = { Id?: string; MessageBody: string; MessageAttributes?: object; MessageSystemAttributes?: object };
    type Input = Partial<Entry> & { QueueUrl: string; Entries?: Entry[] };
    type Next = (args: { input: Input }) => Promise<{ output: Record<string, unknown> }>;
    const tooLarge = (entry: object): boolean =>
      JSON.stringify({ ...entry, MessageSystemAttributes: undefined }).length > 180;
    function clientOf(sent: Input[]) {
      let middleware: (next: Next, command: { commandName: string }) => Next = (next) => next;
      traceSqs({
        middlewareStack: {
          add: (given: typeof middleware) => {
            middleware = given;
          },
        },
      });
      const next: Next = async ({ input }) => {
        sent.push(input);
        const refusal = { name: 'InvalidParameterValue', message: 'Message must be shorter than 100 bytes.' };
        if (!input.Entries && tooLarge(input)) throw Object.assign(new Error(refusal.message), refusal);
        const Failed = input.Entries?.filter(tooLarge).map(({ Id }) => ({ Id, Code: refusal.name, SenderFault: true }));
        const Successful = input.Entries?.filter((entry) => !tooLarge(entry)).map(({ Id }) => ({ Id }));
        return { output: { Failed, Successful } };
      };
      return (commandName: string, input: Input) => middleware(next, { commandName })({ input });
    }
    const QueueUrl = 'https://sqs.example.com/1/orders';

    test('gets a message that context made too large in a smaller form, with its span', async () => {
      const sent: Input[] = [];
      await clientOf(sent)('SendMessageCommand', { QueueUrl, MessageBody: 'x'.repeat(80) });
      expect(sent).toHaveLength(2);
      expect(sent[1]).not.toHaveProperty('MessageAttributes');
      const spans = exporter.getFinishedSpans();
      expect(spans).toMatchObject([{ name: 'send orders', status: { code: 0 } }]);
      expect(JSON.stringify(sent[1])).toContain(`Parent=${spans[0]?.spanContext().spanId};Sampled=1`);
    });

    test('gets those messages of a batch again, and no other', async () => {
      const sent: Input[] = [];
      const Entries = [
        { Id: 'a', MessageBody: 'x' },
        { Id: 'b', MessageBody: 'x'.repeat(120) },
        { Id: 'c', MessageBody: 'x'.repeat(300) },
      ];
      const { output } = await clientOf(sent)('SendMessageBatchCommand', { QueueUrl, Entries });
      expect(sent.map((input) => input.Entries?.map(({ Id }) => Id))).toEqual([
        ['a', 'b', 'c'],
        ['b', 'c'],
      ]);
      expect(output).toMatchObject({ Successful: [{ Id: 'a' }, { Id: 'b' }], Failed: [{ Id: 'c' }] });
    });

    test('refuses a message that is too large by itself with the client’s own error', async () => {
      const input = { QueueUrl, MessageBody: 'x'.repeat(300) };
      await expect(clientOf([])('SendMessageCommand', input)).rejects.toThrow('Message must be shorter');
    });
  });

  test('a client that is none is refused in words', () => {
    expect(() => traceSqs({})).toThrow('traceSqs takes a client of @aws-sdk/client-sqs');
  });

  test('queues whose names a broker draws share one span name', () => {
    const channel = traceAmqpChannel({ publish: () => true, sendToQueue: (..._: unknown[]) => true });
    channel.sendToQueue('amq.gen-JzTY20BRgKO-HjmUJj0wLg', Buffer.from('x'));
    expect(exporter.getFinishedSpans()).toMatchObject([
      { name: 'publish (anonymous)', attributes: { 'messaging.destination.anonymous': true } },
    ]);
  });
});
