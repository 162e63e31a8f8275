import { type Attributes, context, type Span, SpanKind, trace } from '@opentelemetry/api';
import {
  ATTR_AWS_REQUEST_ID,
  ATTR_AWS_SQS_QUEUE_URL,
  ATTR_MESSAGING_MESSAGE_BODY_SIZE,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '../../src/wire/names.ts';
import { TRACEPARENT } from '../../src/wire/traceparent.ts';
import { attempt } from './attempt.ts';
import { isRecord } from './generic-carrier.ts';
import { operationAttributes, spanName, tracer } from './messaging-span.ts';
import type { MessagingOptions } from './options.ts';
import { startProcess } from './process.ts';
import { readText } from './read-text.ts';
import { noteError, observe } from './span-end.ts';
import { createSqsCarrier, type SqsEntry, type SqsMessage, sqsMessageCarrier, withXrayHeader } from './sqs-carrier.ts';
import { AWS_SQS, describeSqsMessage, queueName } from './sqs-message.ts';
import { askForContext } from './sqs-receive.ts';
import { sendWithinLimit } from './sqs-room.ts';
import { startSend } from './start-send.ts';

type Input = Record<string, unknown>;
type Next = (args: { input: Input }) => Promise<{ output: Input }>;

interface MiddlewareStack {
  add(
    middleware: (next: Next, command: { commandName?: string }) => (args: { input: Input }) => Promise<unknown>,
    options: { step: 'initialize'; name: string; override: boolean },
  ): void;
}

/** Commands that tell SQS what became of a message. */
const SETTLES: Readonly<Record<string, string>> = {
  DeleteMessageCommand: 'delete',
  DeleteMessageBatchCommand: 'delete',
  ChangeMessageVisibilityCommand: 'change_visibility',
  ChangeMessageVisibilityBatchCommand: 'change_visibility',
};

/**
 * Traces the commands of an SQS client of `@aws-sdk/client-sqs`, through its own middleware: `traceSqs(new SQSClient({}))`.
 *
 * `SendMessage` is a PRODUCER span `send {queue}`, `SendMessageBatch` a CLIENT span that links to a `create` span for every message.
 * Context goes as message attributes, and as a system attribute where a message has its ten or its size already, so that
 * no send fails for it. `ReceiveMessage` asks for that context, links to the producers of what came, and gives you the
 * message as you asked for it. Deletes and visibility changes are `settle` spans.
 * @returns the same client
 * @see processSqsMessage for the span of a message's processing
 */
export function traceSqs<C extends object>(client: C, options: MessagingOptions = {}): C {
  const { middlewareStack } = client as { middlewareStack?: MiddlewareStack };
  if (typeof middlewareStack?.add !== 'function')
    throw new TypeError('traceSqs takes a client of @aws-sdk/client-sqs: this object has no middlewareStack.');
  middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) =>
        run(commandName, args, next, options),
    { step: 'initialize', name: 'throughline', override: true },
  );
  return client;
}

function run(commandName: string, args: { input: Input }, next: Next, options: MessagingOptions): Promise<unknown> {
  if (commandName === 'SendMessageCommand' || commandName === 'SendMessageBatchCommand')
    return send(args, next, { isBatch: commandName !== 'SendMessageCommand', options });
  if (commandName === 'ReceiveMessageCommand') return receive(args, next, options);
  const settles = Object.hasOwn(SETTLES, commandName) ? SETTLES[commandName] : undefined;
  return settles ? settle(settles, args, next) : next(args);
}

function send(
  args: { input: Input },
  next: Next,
  { isBatch, options }: { isBatch: boolean; options: MessagingOptions },
): Promise<unknown> {
  const { input } = args;
  const started = attempt(() => {
    const entries = (isBatch ? input.Entries : [input]) as SqsEntry[];
    return startSend<SqsEntry>({
      system: AWS_SQS,
      messages: entries,
      carrier: createSqsCarrier(entries),
      isBatch,
      destinationOf: () => queueName(input.QueueUrl),
      attributes: queueAttributes(input.QueueUrl),
      describe: ({ MessageBody: body }) =>
        typeof body === 'string'
          ? { [ATTR_MESSAGING_MESSAGE_BODY_SIZE]: new TextEncoder().encode(body).byteLength }
          : {},
      options,
    });
  });
  if (!started) return next(args);
  const { span, messages } = started;
  const given = (isBatch ? input.Entries : [input]) as SqsEntry[];
  const inputOf = (entries: readonly SqsEntry[]): Input =>
    isBatch ? { ...input, Entries: entries } : (entries[0] as Input);
  const lean = messages.map((message, i) => leanest(message, given[i] as SqsEntry));
  return runInSpan(
    span,
    () => {
      const sendInput = (sent: Input): Promise<{ output: Input }> => next({ ...args, input: sent });
      const isLean = lean.every((entry, i) => entry === messages[i]);
      return isLean ? sendInput(inputOf(lean)) : sendWithinLimit(inputOf(messages), inputOf(lean), sendInput);
    },
    (output) => {
      if (typeof output.MessageId === 'string') span.setAttribute(ATTR_MESSAGING_MESSAGE_ID, output.MessageId);
      // A batch answers 200 when some of it was refused.
      const [refused] = Array.isArray(output.Failed) ? output.Failed : [];
      if (refused) noteError(span, Object.assign(new Error(String(refused.Message)), { code: refused.Code }));
    },
  );
}

/** The message as the application gave it, with its span where that counts for nothing. */
function leanest(message: SqsEntry, given: SqsEntry): SqsEntry {
  const traceparent = message === given ? undefined : readText(sqsMessageCarrier.read(message, TRACEPARENT));
  return (traceparent && withXrayHeader(given, [[TRACEPARENT, traceparent]])) || given;
}

function receive(args: { input: Input }, next: Next, options: MessagingOptions): Promise<unknown> {
  const { input } = args;
  const startTime = Date.now();
  const asked = attempt(() => askForContext(input));
  return observe(
    () => next(asked ? { ...args, input: asked.input } : args),
    (error, failed, result) => {
      const messages = (result?.output.Messages ?? []) as SqsMessage[];
      // Nothing there: long polling would make a span each time.
      if (failed || messages.length > 0)
        attempt(() => {
          const { span } = startProcess<SqsMessage>({
            system: AWS_SQS,
            type: 'receive',
            destination: queueName(input.QueueUrl),
            messages,
            carrier: sqsMessageCarrier,
            isBatch: true,
            isPushed: false,
            attributes: queueAttributes(input.QueueUrl),
            describe: describeSqsMessage,
            options,
            startTime,
          });
          if (failed) noteError(span, error);
          else noteRequest(span, result?.output);
          span.end();
        });
      if (asked) for (const message of messages) attempt(() => asked.tidy(message, input.QueueUrl));
    },
  );
}

function settle(name: string, args: { input: Input }, next: Next): Promise<unknown> {
  const { QueueUrl: url, Entries: entries } = args.input;
  const span = attempt(() => {
    const batch = Array.isArray(entries) ? { batchSize: entries.length } : {};
    const operation = { system: AWS_SQS, name, type: 'settle', destination: queueName(url), ...batch } as const;
    return tracer().startSpan(spanName(operation), {
      kind: SpanKind.CLIENT,
      attributes: { ...operationAttributes(operation), ...queueAttributes(url) },
    });
  });
  return span
    ? runInSpan(
        span,
        () => next(args),
        () => undefined,
      )
    : next(args);
}

function runInSpan(
  span: Span,
  call: () => Promise<{ output: Input }>,
  note: (output: Input) => void,
): Promise<{ output: Input }> {
  return observe(
    () => context.with(trace.setSpan(context.active(), span), call),
    (error, failed, result) => {
      if (failed) noteError(span, error);
      else
        attempt(() => {
          note(result?.output ?? {});
          noteRequest(span, result?.output);
        });
      attempt(() => span.end());
    },
  );
}

function noteRequest(span: Span, output: Input | undefined): void {
  const metadata = output?.$metadata;
  const id = isRecord(metadata) ? metadata.requestId : undefined;
  if (typeof id === 'string') span.setAttribute(ATTR_AWS_REQUEST_ID, id);
}

function queueAttributes(url: unknown): Attributes {
  if (typeof url !== 'string' || !URL.canParse(url)) return {};
  const { hostname, port } = new URL(url);
  const attributes: Attributes = { [ATTR_AWS_SQS_QUEUE_URL]: url, [ATTR_SERVER_ADDRESS]: hostname };
  if (port) attributes[ATTR_SERVER_PORT] = Number(port);
  return attributes;
}
