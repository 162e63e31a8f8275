import { context, propagation, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  extract,
  extractLink,
  inject,
  processSqsBatch,
  processSqsMessage,
  traceAmqpChannel,
  traceKafkaConsumer,
  traceKafkaProducer,
  traceSqs,
} from '../../edge/messaging/index.ts';
import { isSpanId, isTraceId } from '../../src/wire/ids.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const RUNS = 1_000;

/** Values a header of a message may hold, from somebody who wishes us ill. */
const nasty = fc.oneof(
  fc.anything({ withNullPrototype: true, withTypedArray: true, withDate: true, withMap: true, withBigInt: true }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom<unknown>(
    TRACEPARENT,
    [TRACEPARENT],
    [[TRACEPARENT]],
    Buffer.from(TRACEPARENT),
    Buffer.from([0xff, 0xfe, 0x80]),
    'a'.repeat(64 * 1024),
    Buffer.alloc(64 * 1024, '0'),
    TRACEPARENT.repeat(1200),
    Array.from({ length: 10_000 }, () => TRACEPARENT),
    `${TRACEPARENT}\r\nx: y`,
    TRACEPARENT.toUpperCase(),
    Symbol('x'),
  ),
);
const headers = fc.oneof(
  nasty,
  fc
    .record({ traceparent: nasty, tracestate: nasty, baggage: nasty }, { requiredKeys: [] })
    .map((given) => Object.assign(JSON.parse('{"__proto__":{"traceparent":"x"},"constructor":1}'), given)),
  fc.constant(null).map(() => throwing()),
);

/** Headers that throw when they are read, written or copied. */
function throwing(): object {
  const fail = { get: throwAlways, set: throwAlways, enumerable: true };
  return Object.defineProperties({}, { traceparent: fail, tracestate: fail, baggage: fail });
}

function throwAlways(): never {
  throw new Error('hands off');
}

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
beforeAll(() => provider.register());
afterAll(() => provider.shutdown());
afterEach(() => {
  for (const span of exporter.getFinishedSpans())
    for (const link of span.links)
      expect([isTraceId(link.context.traceId), isSpanId(link.context.spanId)]).toEqual([true, true]);
  exporter.reset();
});

/** Runs `work` inside of a span, where context is written. */
function inSpan<R>(work: () => R): R {
  return trace.getTracer('application').startActiveSpan('work', (span) => {
    try {
      return work();
    } finally {
      span.end();
      exporter.reset();
    }
  });
}

describe('hostile messages', () => {
  test('extract and inject never throw, and find only what is valid', () => {
    fc.assert(
      fc.property(headers, (carrier) => {
        const options = { baggage: ['tenant', '__proto__', 'constructor'] };
        const link = extractLink(carrier);
        if (link) expect([isTraceId(link.context.traceId), isSpanId(link.context.spanId)]).toEqual([true, true]);
        expect(propagation.getBaggage(extract(carrier, undefined, options))?.getEntry('__proto__')).toBeUndefined();
        expect(inSpan(() => inject(carrier, undefined, options))).toBe(carrier);
        extract(carrier, { get: throwAlways });
        inject(carrier, { set: throwAlways });
      }),
      { numRuns: RUNS },
    );
    expect(({} as { traceparent?: unknown }).traceparent).toBeUndefined();
  });

  test('a Kafka handler runs once with its message, whatever the headers hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          nasty,
          headers.map((given) => ({ value: 'v', offset: '0', headers: given })),
        ),
        async (message) => {
          const payload = { topic: 't', partition: 0, message };
          const batch = { batch: { topic: 't', partition: 0, messages: [message, message] } };
          const seen: unknown[] = [];
          const consumer = traceKafkaConsumer({
            run: async (config: Record<'eachMessage' | 'eachBatch', (given: unknown) => Promise<unknown>>) => [
              await config.eachMessage(payload),
              await config.eachBatch(batch),
            ],
          });
          const handler = async (given: unknown): Promise<number> => seen.push(given);
          expect(await consumer.run({ eachMessage: handler, eachBatch: handler })).toEqual([1, 2]);
          expect(seen[0]).toBe(payload);
          expect(seen[1]).toBe(batch);
          exporter.reset();
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('a Kafka send hands on what it was given, whatever that is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          nasty,
          headers.map((given) => [{ value: 'v', headers: given }]),
        ),
        async (messages) => {
          const calls: Array<{ topic: string; messages?: unknown }> = [];
          const producer = traceKafkaProducer({
            send: async (record: (typeof calls)[number]) => calls.push(record),
            sendBatch: async (record: unknown) => calls.push(record as (typeof calls)[number]),
          });
          expect(await inSpan(() => producer.send({ topic: 't', messages }))).toBe(1);
          expect(await inSpan(() => producer.sendBatch({ topicMessages: [{ topic: 't', messages }] }))).toBe(2);
          expect(await inSpan(() => producer.sendBatch(messages))).toBe(3);
          expect(calls[0]?.topic).toBe('t');
          if (Array.isArray(messages)) expect(calls[0]?.messages).toHaveLength(messages.length);
          else expect(calls[0]?.messages).toBe(messages);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('an AMQP channel hands on what it was given, and settles what it was told to', () => {
    fc.assert(
      fc.property(headers, nasty, (given, odd) => {
        const calls: unknown[][] = [];
        let deliver: (message: unknown) => unknown = () => undefined;
        const record =
          (...fixed: unknown[]) =>
          (...args: unknown[]) =>
            calls.push([...fixed, ...args]);
        const channel = traceAmqpChannel({
          publish: record('publish'),
          sendToQueue: record('sendToQueue'),
          ack: record('ack'),
          nack: record('nack'),
          consume: (_queue: unknown, onMessage: typeof deliver) => {
            deliver = onMessage;
          },
        });
        inSpan(() => channel.publish('e', odd, odd, { headers: given }));
        inSpan(() => channel.sendToQueue('q', odd, given));
        expect(calls.map(([name]) => name)).toEqual(['publish', 'sendToQueue']);
        expect(calls[0]?.slice(1, 4)).toEqual(['e', odd, odd]);

        const message = { content: odd, fields: odd, properties: { headers: given } };
        channel.consume('q', (received: unknown) => {
          expect(received).toBe(message);
          return 'handled';
        });
        expect(deliver(message)).toBe('handled');
        channel.ack(message);
        channel.nack(odd);
        expect(calls.slice(2)).toEqual([
          ['ack', message],
          ['nack', odd],
        ]);
        exporter.reset();
      }),
      { numRuns: RUNS },
    );
  });

  test('SQS messages and commands pass, whatever their attributes hold', async () => {
    type Next = (args: { input: unknown }) => Promise<unknown>;
    type Middleware = (next: Next, command: { commandName: string }) => Next;
    await fc.assert(
      fc.asyncProperty(headers, nasty, async (given, odd) => {
        const message = { MessageAttributes: given, Attributes: odd, Body: odd };
        expect(processSqsMessage(message, (received) => received)).toBe(message);
        expect(processSqsBatch([message, message], (received) => received.length)).toBe(2);

        const middlewares: Middleware[] = [];
        traceSqs({ middlewareStack: { add: (middleware: Middleware) => middlewares.push(middleware) } });
        const run = (commandName: string, input: unknown): Promise<unknown> | undefined =>
          inSpan(() => middlewares[0]?.(async () => ({ output: { Messages: [message] } }), { commandName })({ input }));
        for (const input of [{ QueueUrl: odd, MessageAttributes: given, Entries: odd }, { Entries: [given] }])
          for (const name of ['SendMessage', 'SendMessageBatch', 'ReceiveMessage', 'DeleteMessage', 'constructor'])
            expect(await run(`${name}Command`, input)).toMatchObject({ output: { Messages: [{}] } });
        exporter.reset();
      }),
      { numRuns: RUNS },
    );
  });

  test('a 64 KiB field costs no more time than its length', () => {
    const carriers = [
      { traceparent: '0'.repeat(64 * 1024) },
      { traceparent: TRACEPARENT, tracestate: 'a=1,'.repeat(16 * 1024) },
      { traceparent: TRACEPARENT, tracestate: ' '.repeat(64 * 1024) },
      { traceparent: TRACEPARENT, baggage: 'a=%'.repeat(20 * 1024) },
      { traceparent: [' '.repeat(15 * 1024), TRACEPARENT] },
    ];
    const startMs = performance.now();
    for (let i = 0; i < 200; i++) for (const carrier of carriers) extract(carrier, undefined, { baggage: ['a'] });
    // A thousand reads; a quadratic one alone would take this long.
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

test('an SDK that throws costs the spans, and no message', async () => {
  const broken: SpanProcessor = {
    onStart: throwAlways,
    onEnd: throwAlways,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  trace.disable();
  trace.setGlobalTracerProvider(new NodeTracerProvider({ spanProcessors: [broken] }));
  try {
    const calls: unknown[] = [];
    const producer = traceKafkaProducer({ send: async (record: unknown) => calls.push(record) });
    const record = { topic: 't', messages: [{ value: 'v' }] };
    expect(await producer.send(record)).toBe(1);
    expect(calls).toEqual([record]);
    expect(processSqsMessage({ Body: 'x' }, ({ Body }) => Body)).toBe('x');
    expect(context.active()).toBeDefined();
  } finally {
    trace.disable();
    trace.setGlobalTracerProvider(provider);
  }
});
