import {
  ATTR_FAAS_CRON,
  ATTR_FAAS_TIME,
  ATTR_FAAS_TRIGGER,
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
} from '../../src/wire/names.ts';
import { SPAN_KIND } from './api-constants.ts';
import { type CloudflareBatch, openBatch } from './cloudflare-messages.ts';
import type { Run } from './run.ts';

/** What a trigger's span says, and what its handler gets in place of the platform's event. */
export type Trigger = (event: never) => {
  run: Pick<Run, 'name' | 'kind'> & Partial<Run>;
  event: unknown;
};

/**
 * The triggers of a Cloudflare worker that are no HTTP request. `fetch` is `serve`'s. One line each:
 * - `queue`: span `process {queue}` of kind consumer, linked to the producers of its messages
 * - `scheduled`: span `scheduled`, `faas.trigger` = `timer`, `faas.cron`, `faas.time`
 * - `email`, `tail`: spans of that name; nothing of the message or the events is recorded
 */
export const TRIGGERS: Readonly<Record<string, Trigger>> = {
  queue(batch: CloudflareBatch) {
    const { opened, links, single } = openBatch(batch);
    const run = {
      name: `process ${batch.queue}`,
      kind: SPAN_KIND.CONSUMER,
      links,
      attributes: {
        [ATTR_FAAS_TRIGGER]: 'pubsub',
        [ATTR_MESSAGING_SYSTEM]: 'cloudflare_queues',
        [ATTR_MESSAGING_OPERATION_NAME]: 'process',
        [ATTR_MESSAGING_OPERATION_TYPE]: 'process',
        [ATTR_MESSAGING_DESTINATION_NAME]: batch.queue,
        [ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: batch.messages.length,
        ...single?.attributes,
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
    return { run: { name: 'scheduled', kind: SPAN_KIND.SERVER, attributes }, event: controller };
  },
  email: (message: unknown) => other('email', message),
  tail: (events: unknown) => other('tail', events),
};

function other(name: string, event: unknown): ReturnType<Trigger> {
  return { run: { name, kind: SPAN_KIND.SERVER, attributes: { [ATTR_FAAS_TRIGGER]: 'other' } }, event };
}
