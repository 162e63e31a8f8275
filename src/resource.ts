import { VERSION } from 'throughline:version';
import type { Settings } from './options.ts';
import {
  ATTR_BROWSER_BRANDS,
  ATTR_BROWSER_LANGUAGE,
  ATTR_BROWSER_MOBILE,
  ATTR_BROWSER_PLATFORM,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_SESSION_ID,
  ATTR_TELEMETRY_DISTRO_NAME,
  ATTR_TELEMETRY_DISTRO_VERSION,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_TELEMETRY_SDK_NAME,
  ATTR_TELEMETRY_SDK_VERSION,
  ATTR_USER_AGENT_ORIGINAL,
} from './wire/names.ts';
import { type AttributeMap, encodeAttributes, type OtlpResource } from './wire/otlp.ts';

/** The SDK line the build pins; the package does not export it to browsers. */
const SDK_VERSION = '2.12.0';

interface UserAgentData {
  brands: { brand: string; version: string }[];
  mobile: boolean;
  platform: string;
}

/**
 * Who sends: the site's service in this browser. Made once for a session, for it is asked with every record. Platform and
 * brands only where the browser offers them itself, and with the visitor's full consent, which is when there is a session.
 */
export function createResource({ service, version, environment }: Settings): (sessionId?: string) => OtlpResource {
  let made: OtlpResource = {};
  let madeFor: string | undefined = 'nobody';
  return (sessionId) => {
    if (madeFor === sessionId) return made;
    madeFor = sessionId;
    const { userAgentData, language, userAgent } = navigator as Navigator & { userAgentData?: UserAgentData };
    const ua = sessionId ? userAgentData : undefined;
    const attributes: AttributeMap = {
      [ATTR_SERVICE_NAME]: service,
      [ATTR_SERVICE_VERSION]: version || undefined,
      [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: environment || undefined,
      [ATTR_TELEMETRY_SDK_NAME]: 'opentelemetry',
      [ATTR_TELEMETRY_SDK_LANGUAGE]: 'webjs',
      [ATTR_TELEMETRY_SDK_VERSION]: SDK_VERSION,
      [ATTR_TELEMETRY_DISTRO_NAME]: 'throughline',
      [ATTR_TELEMETRY_DISTRO_VERSION]: VERSION,
      [ATTR_USER_AGENT_ORIGINAL]: userAgent,
      [ATTR_BROWSER_LANGUAGE]: language,
      [ATTR_BROWSER_BRANDS]: ua?.brands.map(({ brand, version: of }) => `${brand} ${of}`),
      [ATTR_BROWSER_PLATFORM]: ua?.platform,
      [ATTR_BROWSER_MOBILE]: ua?.mobile,
      [ATTR_SESSION_ID]: sessionId,
    };
    made = { attributes: encodeAttributes(attributes) };
    return made;
  };
}
