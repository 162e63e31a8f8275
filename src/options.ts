import type { Attributes } from '@opentelemetry/api';
import { warnOnce } from './browser/guard.ts';
import { askedConsent, CONSENT_MODES, type Consent } from './session/consent.ts';

/** What `beforeSend` is shown. Its `attributes` may be changed; ids and times may not. */
export interface Outgoing {
  type: 'span' | 'event';
  readonly name: string;
  attributes: Attributes;
}

/** What `start` takes; on the script tag the same names in kebab-case after `data-`. */
export interface Options {
  /** The page's key, as the collector printed it. An identifier, not a secret. Required. */
  key: string;
  /** `service.name` of this site's pages, e.g. `shop-web`. Default `unknown_service`. */
  service?: string;
  /** Where the collector is, e.g. `https://collector.example`. Default: where the script came from; required for `import`. */
  collector?: string;
  /** `service.version`: the release that is running. */
  version?: string;
  /** `deployment.environment.name`, e.g. `production`. */
  environment?: string;
  /** The share of sessions to record, 0 to 1. Default 1. */
  sampleRatio?: number;
  /** Origins besides our own whose requests carry `traceparent`. They must allow the header by CORS. Default none. */
  propagateTo?: readonly string[];
  /** Attributes sent as `baggage` along with `traceparent`, e.g. `session.id`, `user.id`, or one of yours. Default none. */
  propagateBaggage?: readonly string[];
  /** What the visitor agreed to. Default `full`, or `minimal` under Global Privacy Control and Do Not Track. */
  consent?: Consent;
  /** Names a page from its URL; low cardinality. Default: the path with ids, numbers and hashes replaced. */
  route?: (url: URL) => string;
  /** Requests not to be traced: patterns, or beginnings of absolute URLs or of paths. Default none. */
  ignoreUrls?: readonly (string | RegExp)[];
  /** Names the operation of a GraphQL request, from its URL and body where that is text. */
  graphql?: (url: URL, body: string) => string | undefined;
  /** Rewrites every text value before it is sent. One that throws keeps the span or event from being sent. */
  redact?: (value: string, attribute: string) => string;
  /** Names of `data-*` attributes that an interaction tells of its element, e.g. `product` for `data-product`. Default none. */
  targetData?: readonly string[];
  /** Attributes of every span and event, e.g. `{ tenant: 'acme' }`; JSON on the script tag. */
  attributes?: Attributes;
  /** Has the last word on each span and event: `false` drops it, which is counted. */
  beforeSend?: (outgoing: Outgoing) => unknown;
  /** Turns signals on (`console`) and off (`-web-vitals`). */
  instrumentations?: readonly string[];
  /** Events a minute; more are dropped and counted. Default 300. */
  maxEventsPerMinute?: number;
  /** The page's CSP nonce; used by the inline loader for the script it adds. */
  nonce?: string;
  /** Writes faults of the agent to the console. Default false. */
  debug?: boolean;
}

type Functions = 'route' | 'redact' | 'beforeSend' | 'graphql';
/** Options after validation: everything present, everything usable. */
export type Settings = Readonly<Required<Omit<Options, Functions>>> & Readonly<Pick<Options, Functions>>;

/** Names and keys go with every batch, so a long one is a mistake. */
const MAX_TEXT_CHARS = 256;

interface Rule<T> {
  fallback: T;
  /** The usable value, or `undefined` when it is none. Strings come from `data-*`. */
  read(value: unknown): T | undefined;
  expects: string;
}

const rule = <T>(fallback: T, expects: string, read: Rule<T>['read']): Rule<T> => ({ fallback, expects, read });

const text = (fallback = '') =>
  rule(fallback, `a string of 1 to ${MAX_TEXT_CHARS} characters`, (value) => {
    const given = typeof value === 'string' ? value.trim() : '';
    return given && given.length <= MAX_TEXT_CHARS ? given : undefined;
  });
const callback = <T>() =>
  rule<T | undefined>(undefined, 'a function', (value) => (typeof value === 'function' ? (value as T) : undefined));
const number = (fallback: number, max: number) =>
  rule(fallback, `a number from 0 to ${max}`, (value) => {
    const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof parsed === 'number' && parsed >= 0 && parsed <= max ? parsed : undefined;
  });
const list = <T>(expects: string, readItem: (item: unknown) => T | undefined) =>
  rule<readonly T[]>([], expects, (value) => {
    const given = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
    const items = Array.isArray(given) ? given.filter((item) => item !== '').map(readItem) : [undefined];
    return items.every((item) => item !== undefined) ? (items as T[]) : undefined;
  });
const asText = (item: unknown) => (typeof item === 'string' ? item : undefined);

/** Every option, its default and what it takes; the only place that knows them. */
export const RULES: { readonly [K in keyof Settings]-?: Rule<Settings[K]> } = {
  key: text(),
  service: text('unknown_service'),
  collector: rule('', 'an http(s) URL as https://collector.example', (value) => {
    const url = parseHttpUrl(value);
    return url && url.origin + url.pathname.replace(/\/+$/, '');
  }),
  version: text(),
  environment: text(),
  sampleRatio: number(1, 1),
  propagateTo: list('a list of origins as https://api.example', (item) => parseHttpUrl(item)?.origin),
  propagateBaggage: list('a list of attribute names', asText),
  consent: rule(askedConsent(), CONSENT_MODES.join(' or '), (value) => CONSENT_MODES.find((mode) => mode === value)),
  route: callback(),
  ignoreUrls: list('a list of strings and patterns', (item) => (item instanceof RegExp ? item : asText(item))),
  graphql: callback(),
  redact: callback(),
  targetData: list('a list of names', asText),
  attributes: rule({}, 'an object', (value) => {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return typeof parsed === 'object' && parsed && !Array.isArray(parsed) ? { ...(parsed as Attributes) } : undefined;
  }),
  beforeSend: callback(),
  instrumentations: list('a list of names', asText),
  maxEventsPerMinute: number(300, 1e6),
  nonce: text(),
  debug: rule(false, 'true or false', (value) =>
    value === '' || `${value}` === 'true' ? true : `${value}` === 'false' ? false : undefined,
  ),
};

/**
 * Checks what the page asked for. A value that is no good, or a name that is unknown, gives one warning each and the
 * default; nothing here throws, and `given` is never written to.
 */
export function parseOptions(given: unknown): Settings {
  const options = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  const settings: Record<string, unknown> = {};
  for (const [name, { fallback, read, expects }] of Object.entries(RULES)) {
    settings[name] = fallback;
    let value: unknown = UNREADABLE;
    try {
      value = options[name];
      if (value === undefined || value === null) continue;
      const usable = read(value);
      if (usable !== undefined) {
        settings[name] = usable;
        continue;
      }
    } catch {
      // expected: getters that throw, JSON that is none
    }
    warnOnce(`option "${name}" must be ${expects}; got ${quote(value)}. ${using(fallback)}`);
  }
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(RULES, name));
  for (const name of unknown) warnOnce(`there is no option "${name}"; there are ${Object.keys(RULES).join(', ')}.`);
  return settings as Settings;
}

function using(fallback: unknown): string {
  return fallback === '' || fallback === undefined || typeof fallback === 'object'
    ? 'It is ignored.'
    : `Using ${quote(fallback)}.`;
}

const UNREADABLE = { toString: () => 'something unreadable' };

function quote(value: unknown): string {
  try {
    return (typeof value === 'string' ? JSON.stringify(value) : String(value)).slice(0, 60);
  } catch {
    return quote(UNREADABLE); // expected: not everything can be made a string
  }
}

function parseHttpUrl(value: unknown): URL | undefined {
  try {
    const url = new URL(String(value));
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined; // expected: options are written by hand
  }
}
