import { type Attributes, type Tracer, trace } from '@opentelemetry/api';
import {
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_DESTINATION_ANONYMOUS,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
  SCOPE_MESSAGING,
} from '../../src/wire/names.ts';

export type OperationType = 'create' | 'send' | 'receive' | 'process' | 'settle';

/** What a messaging span is about. */
export interface Operation {
  /** `kafka`, `rabbitmq`, `aws_sqs`, or whatever the conventions call the broker. */
  system: string;
  /** What the client library calls it; by default the type. */
  name?: string;
  type: OperationType;
  /** Queue or topic; `undefined` when one call goes to several. */
  destination: string | undefined;
  /** Set for calls that take several messages, also when there is only one. */
  batchSize?: number;
}

/** Names a broker draws for a queue of one connection: one trace name for each would be one too many. */
const ANONYMOUS = /^amq\.(gen-|rabbitmq\.reply-to)/;

/** `{operation} {destination}`, as the conventions for messaging spans want it. */
export function spanName({ name, type, destination }: Operation): string {
  if (!destination) return name ?? type;
  return `${name ?? type} ${ANONYMOUS.test(destination) ? '(anonymous)' : destination}`;
}

export function operationAttributes(operation: Operation): Attributes {
  const { system, name, type, destination, batchSize } = operation;
  const attributes: Attributes = {
    [ATTR_MESSAGING_SYSTEM]: system,
    [ATTR_MESSAGING_OPERATION_NAME]: name ?? type,
    [ATTR_MESSAGING_OPERATION_TYPE]: type,
  };
  if (destination) attributes[ATTR_MESSAGING_DESTINATION_NAME] = destination;
  if (destination && ANONYMOUS.test(destination)) attributes[ATTR_MESSAGING_DESTINATION_ANONYMOUS] = true;
  if (batchSize !== undefined) attributes[ATTR_MESSAGING_BATCH_MESSAGE_COUNT] = batchSize;
  return attributes;
}

/** Asked anew each time, because an SDK may register after us. */
export function tracer(): Tracer {
  return trace.getTracer(SCOPE_MESSAGING);
}
