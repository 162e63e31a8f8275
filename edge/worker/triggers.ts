import {
  ATTR_FAAS_CRON,
  ATTR_FAAS_TIME,
  ATTR_FAAS_TRIGGER,
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
} from '../../src/wire/names.ts';
import { KIND_CONSUMER, KIND_SERVER } from './api-constants.ts';
import { type CloudflareBatch, openBatch } from './cloudflare-messages.ts';
import type { Run } from './run.ts';

/** How a worker's triggers are traced. */
export interface TriggerOptions {
  /**
   * How the run for a queue's batch of one message stands to its producer: `link`, a trace of its own that links to it, or
   * `continue`, the producer's child. Larger batches always link. Default `link`: whoever can write to the queue can name any
   * trace.
   */
  join?: 'link' | 'continue' | undefined;
}

/** What a trigger's span says, and what its handler gets in place of the platform's event. */
export type Trigger = (
  event: never,
  options: TriggerOptions,
) => {
  run: Pick<Run, 'name' | 'kind'> & Partial<Run>;
  event: unknown;
};

/**
 * The triggers of a Cloudflare worker that are no HTTP request. `fetch` is `serve`'s. One line each:
 * - `queue`: span `process {queue}` of kind consumer, linked to the producers of its messages, or their child
 * - `scheduled`: span `scheduled`, `faas.trigger` = `timer`, `faas.cron`, `faas.time`
 * - `email`, `tail`: spans of that name; nothing of the message or the events is recorded
 */
export const TRIGGERS: Readonly<Record<string, Trigger>> = {
  queue(batch: CloudflareBatch, { join }) {
    const { opened, links, carried, attributes } = openBatch(batch);
    const parent = join === 'continue' ? carried : undefined;
    const run = {
      name: `process ${batch.queue}`,
      kind: KIND_CONSUMER,
      parent,
      links: parent ? [] : links,
      attributes: {
        [ATTR_FAAS_TRIGGER]: 'pubsub',
        [ATTR_MESSAGING_SYSTEM]: 'cloudflare_queues',
        [ATTR_MESSAGING_OPERATION_NAME]: 'process',
        [ATTR_MESSAGING_OPERATION_TYPE]: 'process',
        [ATTR_MESSAGING_DESTINATION_NAME]: batch.queue,
        [ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: batch.messages.length,
        ...attributes,
      },
    };
    return { run, event: opened };
  },
  scheduled(controller: { cron?: string; scheduledTime?: number }) {
    const attributes = {
      [ATTR_FAAS_TRIGGER]: 'timer',
      [ATTR_FAAS_CRON]: controller.cron,
      [ATTR_FAAS_TIME]:
        controller.scheduledTime === undefined ? undefined : new Date(controller.scheduledTime).toISOString(),
    };
    return { run: { name: 'scheduled', kind: KIND_SERVER, attributes }, event: controller };
  },
  email: (message: unknown) => other('email', message),
  tail: (events: unknown) => other('tail', events),
};

function other(name: string, event: unknown): ReturnType<Trigger> {
  return { run: { name, kind: KIND_SERVER, attributes: { [ATTR_FAAS_TRIGGER]: 'other' } }, event };
}
