import type { MessagingOptions } from './options.ts';
import { type Receiving, runProcess } from './process.ts';
import { queueTime } from './queue-time.ts';
import { readSystemAttribute, type SqsMessage, sqsMessageCarrier } from './sqs-carrier.ts';
import { AWS_SQS, describeSqsMessage, queueName } from './sqs-message.ts';
import { withExtra } from './sqs-receive.ts';

export interface SqsProcessOptions extends MessagingOptions {
  /** URL of the queue, for messages that do not come from a traced client. */
  queueUrl?: string;
}

/**
 * Runs `handler` in the CONSUMER span `process {queue}` of a message, which links to its producer (or continues it, by
 * option `join`) and says the attempt, the time in the queue and the queue a dead letter comes from.
 *
 * Takes what a traced client received, or a record of a Lambda event; what `handler` returns or throws stays as it is.
 */
export function processSqsMessage<M extends object, R>(
  message: M,
  handler: (message: M) => R,
  options: SqsProcessOptions = {},
): R {
  return runProcess(
    () => {
      const { message: full, queueUrl } = withExtra(message);
      const sent = queueTime(readSystemAttribute(full, 'SentTimestamp'));
      return { ...receiving([full], options.queueUrl ?? queueUrl, options), isBatch: false, attributes: sent };
    },
    () => handler(message),
  );
}

/** Runs `handler` in one CONSUMER span `process {queue}` of several messages, which links to the producers of all of them. */
export function processSqsBatch<M extends object, R>(
  messages: readonly M[],
  handler: (messages: readonly M[]) => R,
  options: SqsProcessOptions = {},
): R {
  return runProcess(
    () => {
      const full = messages.map((message) => withExtra(message));
      const queueUrl = options.queueUrl ?? full[0]?.queueUrl;
      return receiving(
        full.map(({ message }) => message),
        queueUrl,
        options,
      );
    },
    () => handler(messages),
  );
}

function receiving(messages: SqsMessage[], queueUrl: unknown, options: MessagingOptions): Receiving<SqsMessage> {
  return {
    system: AWS_SQS,
    destination: queueName(queueUrl),
    messages,
    carrier: sqsMessageCarrier,
    isBatch: true,
    isPushed: false,
    describe: describeSqsMessage,
    options,
  };
}
