import type { Attributes } from '@opentelemetry/api';
import { MAX_KEEPALIVE_BYTES } from '../wire/limits.ts';
import { ATTR_SAMPLING_REASON } from '../wire/names.ts';
import type { EpochMs } from '../wire/time.ts';

/** How long before and after something went wrong is told. */
export const STORY_MS = 30_000;
/** A page where everything goes wrong would undo the sampling. */
const MAX_STORIES = 3;

interface Held {
  atMs: EpochMs;
  chars: number;
  attributes: Attributes;
  send(): void;
}

/** The last of an unsampled session: held back, and sent when something goes wrong. */
export interface Recent {
  /** Holds a record back, or sends it now while a story is told. `send` is called once at most. */
  add(attributes: Attributes, send: () => void): void;
  /** Something went wrong: sends what is held, and what comes in the next 30 s. Three times a page; marked with `reason`. */
  tell(reason: 'error' | 'web_vital'): void;
  /** Forgets what is held. */
  clear(): void;
}

/**
 * Holds 30 s, and as many characters of attributes as a page may send while it is being left.
 * @param unsampled told how many records were not sent after all
 */
export function createRecent(now: () => EpochMs, unsampled: (records: number) => void): Recent {
  let held: Held[] = [];
  let chars = 0;
  let stories = MAX_STORIES;
  let toldUntilMs = 0;
  let why = '';

  function trim(): void {
    for (
      let first = held[0];
      first && (chars > MAX_KEEPALIVE_BYTES || now() - first.atMs > STORY_MS);
      first = held[0]
    ) {
      chars -= first.chars;
      held.shift();
      unsampled(1);
    }
  }
  function send({ attributes, send: deliver }: Pick<Held, 'attributes' | 'send'>): void {
    attributes[ATTR_SAMPLING_REASON] = why;
    deliver();
  }
  return {
    add(attributes, deliver) {
      if (now() < toldUntilMs) return send({ attributes, send: deliver });
      const { length } = JSON.stringify(attributes);
      held.push({ atMs: now(), chars: length, attributes, send: deliver });
      chars += length;
      trim();
    },
    tell(reason) {
      if (now() < toldUntilMs || stories === 0) return;
      stories -= 1;
      toldUntilMs = now() + STORY_MS;
      why = reason;
      trim();
      held.splice(0).forEach(send);
      chars = 0;
    },
    clear() {
      unsampled(held.length);
      held = [];
      chars = toldUntilMs = 0;
    },
  };
}
