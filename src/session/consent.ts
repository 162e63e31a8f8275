/**
 * `full`: a session kept in storage, user ids, everything. `minimal`: nothing stored and no identifiers, only what the
 * page did. `off`: nothing recorded, nothing sent, no header on any request.
 */
export const CONSENT_MODES = ['full', 'minimal', 'off'] as const;
export type Consent = (typeof CONSENT_MODES)[number];

/**
 * Whether nothing of earlier visits may stay on the device: the visitor refused, or the browser asks for less and the site
 * goes along. A site that says `minimal` itself may be waiting for an answer.
 */
export function isRefused(consent: Consent): boolean {
  return consent === 'off' || (consent === 'minimal' && askedConsent() === consent);
}

/** What the visitor's browser asks for: Global Privacy Control or Do Not Track mean `minimal`. */
export function askedConsent(): Consent {
  const { globalPrivacyControl, doNotTrack } = navigator as Navigator & {
    globalPrivacyControl?: boolean;
    doNotTrack?: string | null;
  };
  return globalPrivacyControl === true || doNotTrack === '1' ? 'minimal' : 'full';
}
