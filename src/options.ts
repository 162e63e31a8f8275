import { warnOnce } from './browser/guard.ts';

/** What `start` takes; on the script tag the same names in kebab-case after `data-`. */
export interface Options {
  /** The page's key, as the collector printed it. An identifier, not a secret. Required. */
  key: string;
  /** `service.name` of this site's pages, e.g. `shop-web`. */
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
  /** Names a page from its URL; low cardinality. Default: the path with ids, numbers and hashes replaced. */
  route?: (url: URL) => string;
  /** Writes faults of the agent to the console. Default false. */
  debug?: boolean;
}

/** Options after validation: everything present, everything usable. */
export type Settings = Readonly<Required<Omit<Options, 'route'>>> & Readonly<Pick<Options, 'route'>>;

interface Rule<T> {
  fallback: T;
  /** The usable value, or `undefined` when it is none. Strings come from `data-*`. */
  read(value: unknown): T | undefined;
  expects: string;
}

const text = (fallback: string): Rule<string> => ({
  fallback,
  read: (value) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined),
  expects: 'a string that is not empty',
});

const flag = (fallback: boolean): Rule<boolean> => ({
  fallback,
  read: (value) => (value === '' || `${value}` === 'true' ? true : `${value}` === 'false' ? false : undefined),
  expects: 'true or false',
});

/** Every option, its default and what it takes; the only place that knows them. */
export const RULES: { readonly [K in keyof Settings]-?: Rule<Settings[K]> } = {
  key: text(''),
  service: text('unknown_service'),
  collector: {
    fallback: '',
    read: (value) => {
      const url = parseHttpUrl(value);
      return url && url.origin + url.pathname.replace(/\/+$/, '');
    },
    expects: 'an http(s) URL as https://collector.example',
  },
  version: text(''),
  environment: text(''),
  sampleRatio: {
    fallback: 1,
    read: (value) => {
      const ratio = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      return typeof ratio === 'number' && ratio >= 0 && ratio <= 1 ? ratio : undefined;
    },
    expects: 'a number from 0 to 1',
  },
  propagateTo: {
    fallback: [],
    read: (value) => {
      const origins = listOf(value)?.map((item) => parseHttpUrl(item)?.origin);
      return origins?.every((origin) => origin !== undefined) ? origins : undefined;
    },
    expects: 'a list of origins as https://api.example',
  },
  route: {
    fallback: undefined,
    read: (value) => (typeof value === 'function' ? (value as (url: URL) => string) : undefined),
    expects: 'a function from a URL to a name',
  },
  debug: flag(false),
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
    let value: unknown;
    try {
      value = options[name];
      if (value === undefined || value === null) continue;
      const usable = read(value);
      if (usable !== undefined) settings[name] = usable;
      else warnOnce(`option "${name}" must be ${expects}; got ${quote(value)}. ${using(fallback)}`);
    } catch {
      warnOnce(`option "${name}" cannot be read. ${using(fallback)}`);
    }
  }
  for (const name of Object.keys(options))
    if (!Object.hasOwn(RULES, name))
      warnOnce(`there is no option "${name}"; there are ${Object.keys(RULES).join(', ')}.`);
  return settings as Settings;
}

function using(fallback: unknown): string {
  const isNothing = fallback === undefined || fallback === '' || (Array.isArray(fallback) && fallback.length === 0);
  return isNothing ? 'It is ignored.' : `Using ${quote(fallback)}.`;
}

function quote(value: unknown): string {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
}

function listOf(value: unknown): unknown[] | undefined {
  if (typeof value === 'string')
    return value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  return Array.isArray(value) ? value : undefined;
}

function parseHttpUrl(value: unknown): URL | undefined {
  try {
    const url = new URL(String(value));
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined; // expected: options are written by hand
  }
}
