import { BAGGAGE } from '../../src/wire/baggage.ts';
import { TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import { isRecord } from './generic-carrier.ts';
import type { SqsMessage } from './sqs-carrier.ts';

type Input = Record<string, unknown>;

const ATTRIBUTES = [TRACEPARENT, TRACESTATE, BAGGAGE];
const SYSTEM_ATTRIBUTES = ['ApproximateReceiveCount', 'SentTimestamp', 'AWSTraceHeader', 'DeadLetterQueueSourceArn'];

/** What we asked for beyond the application's wishes; a symbol, because copies of a message keep it and JSON does not. */
const EXTRA = Symbol.for('throughline.sqs.received');

interface Extra {
  queueUrl: unknown;
  MessageAttributes: unknown;
  Attributes: unknown;
}

export interface Asked {
  input: Input;
  /** Takes out of a received message what the application did not ask for, and keeps it aside. */
  tidy(message: SqsMessage, queueUrl: unknown): void;
}

/** A `ReceiveMessage` that also asks for the attributes context comes in; SQS hands out none by itself. */
export function askForContext(input: Input): Asked {
  const names = namesOf(input.MessageAttributeNames);
  const systemNames = namesOf(input.MessageSystemAttributeNames);
  // The name before 2023; SQS takes either.
  const oldSystemNames = namesOf(input.AttributeNames);
  const wantsAll = names.some((name) => name === 'All' || name === '.*');
  const wantsAllSystem = systemNames.includes('All') || oldSystemNames.includes('All');
  const more = wantsAll ? [] : ATTRIBUTES.filter((name) => !isAsked(names, name));
  const wanted = new Set([...systemNames, ...oldSystemNames]);
  const moreSystem = wantsAllSystem ? [] : SYSTEM_ATTRIBUTES.filter((name) => !wanted.has(name));
  return {
    input: {
      ...input,
      ...(more.length > 0 && { MessageAttributeNames: [...names, ...more] }),
      ...(moreSystem.length > 0 && { MessageSystemAttributeNames: [...systemNames, ...moreSystem] }),
    },
    tidy(message, queueUrl) {
      const { MessageAttributes, Attributes } = message;
      Object.assign(message, { [EXTRA]: { queueUrl, MessageAttributes, Attributes } satisfies Extra });
      without(message, 'MessageAttributes', more);
      without(message, 'Attributes', moreSystem);
    },
  };
}

/** A received message with what was set aside, for reading only. */
export function withExtra(message: SqsMessage): { message: SqsMessage; queueUrl: unknown } {
  const extra = (message as { [EXTRA]?: Extra })[EXTRA];
  if (!extra) return { message, queueUrl: (message as { eventSourceARN?: unknown }).eventSourceARN };
  const { queueUrl, MessageAttributes, Attributes } = extra;
  return { message: { ...message, MessageAttributes, Attributes }, queueUrl };
}

function without(message: SqsMessage, key: 'MessageAttributes' | 'Attributes', names: readonly string[]): void {
  const all = message[key];
  if (!isRecord(all) || names.length === 0) return;
  const kept = Object.entries(all).filter(([name]) => !names.includes(name));
  if (kept.length > 0) message[key] = Object.fromEntries(kept);
  else delete message[key];
}

function namesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

// `trace.*` asks for everything that starts with `trace`.
function isAsked(names: readonly string[], name: string): boolean {
  return names.some((asked) => asked === name || (asked.endsWith('.*') && name.startsWith(asked.slice(0, -2))));
}
