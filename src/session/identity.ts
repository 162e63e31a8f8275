import type { Attributes } from '@opentelemetry/api';
import { ATTR_PAGE_VIEW_ID, ATTR_SESSION_ID } from '../wire/names.ts';
import type { Consent } from './consent.ts';
import type { PageView } from './page-view.ts';
import type { Sessions } from './session.ts';

/** Who is signed in. `id` is the site's own, better a hash; the rest become `user.<name>`. */
export interface User {
  id?: string;
  [name: string]: string | undefined;
}

/** What every span and event says about where it comes from. */
export interface Identity {
  consent: Consent;
  /** When consent was last refused; `-Infinity` when it never was. */
  refusedMs: number;
  user: User | undefined;
  /** Set by the site, for all spans and events that start from then on. */
  attributes: Attributes;
  /** The attributes of now; without identifiers unless consent is full. */
  current(view: PageView): Attributes;
}

export function createIdentity(consent: Consent, attributes: Attributes, sessions: Sessions): Identity {
  const identity: Identity = {
    consent,
    refusedMs: -Infinity,
    user: undefined,
    attributes,
    current(view) {
      const now: Attributes = { [ATTR_PAGE_VIEW_ID]: view.id, ...identity.attributes };
      if (identity.consent !== 'full') return now;
      now[ATTR_SESSION_ID] = sessions.current().id;
      for (const [name, value] of Object.entries(identity.user ?? {})) if (value) now[`user.${name}`] = value;
      return now;
    },
  };
  return identity;
}
