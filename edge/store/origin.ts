import {
  ATTR_BROWSER_MOBILE,
  ATTR_GEO_COUNTRY,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_SESSION_ID,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_USER_AGENT_ORIGINAL,
} from '../../src/wire/names.ts';
import type { OtlpKeyValue } from '../../src/wire/otlp.ts';
import type { ResourceRecord } from '../otlp/records.ts';
import { browserOf } from '../trace/browser-name.ts';
import { textAttribute } from './text-attribute.ts';

/** What a resource says of where its records come from; '' for what it does not say. */
export interface Origin {
  service: string;
  sessionId: string;
  /** `mobile`, `desktop`, or '' when it is no browser. */
  device: string;
  /** Family and major version, such as `Chrome 131`; '' when it is no browser. */
  browser: string;
  /** ISO 3166-1 alpha-2, such as `CH`. */
  country: string;
  /** Version of the service, cut to 64 characters. */
  release: string;
}

const MAX_RELEASE_CHARS = 64;

const known = new WeakMap<ResourceRecord, Origin>();
// Records of a batch share their resource and come one after the other.
let lastResource: ResourceRecord | undefined;
let lastOrigin: Origin = { service: '', sessionId: '', device: '', browser: '', country: '', release: '' };

/** What every record of a resource has in common. */
export function originOf(resource: ResourceRecord): Origin {
  if (resource !== lastResource) {
    lastOrigin = known.get(resource) ?? readOrigin(resource.attributes);
    known.set(resource, lastOrigin);
    lastResource = resource;
  }
  return lastOrigin;
}

function readOrigin(attributes: readonly OtlpKeyValue[]): Origin {
  const text = (key: string): string => textAttribute(attributes, key) ?? '';
  const isBrowser = text(ATTR_TELEMETRY_SDK_LANGUAGE) === 'webjs';
  const userAgent = isBrowser ? text(ATTR_USER_AGENT_ORIGINAL) : '';
  return {
    service: text(ATTR_SERVICE_NAME),
    sessionId: text(ATTR_SESSION_ID),
    device: isBrowser ? deviceOf(attributes, userAgent) : '',
    browser: isBrowser ? knownBrowser(userAgent) : '',
    country: asCountry(text(ATTR_GEO_COUNTRY)),
    release: text(ATTR_SERVICE_VERSION).slice(0, MAX_RELEASE_CHARS),
  };
}

// A few user agents are most of those that come.
const MAX_BROWSERS = 256;
const MAX_KEPT_CHARS = 512;
const browsers = new Map<string, string>();

function knownBrowser(userAgent: string): string {
  let browser = browsers.get(userAgent);
  if (browser === undefined) {
    browser = browserOf(userAgent);
    if (browsers.size >= MAX_BROWSERS) browsers.clear();
    if (userAgent.length <= MAX_KEPT_CHARS) browsers.set(userAgent, browser);
  }
  return browser;
}

function deviceOf(attributes: readonly OtlpKeyValue[], userAgent: string): string {
  const mobile = attributes.find(({ key }) => key === ATTR_BROWSER_MOBILE)?.value?.boolValue;
  // Browsers that do not say it say it in their user agent, by what MDN recommends to look for.
  return (mobile ?? userAgent.includes('Mobi')) ? 'mobile' : 'desktop';
}

/** A country code in capitals; '' for anything else, so that nobody can make up a thousand countries. */
function asCountry(text: string): string {
  return /^[A-Za-z]{2}$/.test(text) ? text.toUpperCase() : '';
}
