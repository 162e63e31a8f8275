/**
 * `full`: a session kept in storage, user ids, everything. `minimal`: nothing stored and no identifiers, only what the
 * page did. `off`: nothing recorded, nothing sent, no header on any request.
 */
export const CONSENT_MODES = ['full', 'minimal', 'off'] as const;
export type Consent = (typeof CONSENT_MODES)[number];

/** What the visitor's browser asks for: Global Privacy Control or Do Not Track mean `minimal`. */
export function askedConsent(): Consent {
  const { globalPrivacyControl, doNotTrack } = navigator as Navigator & {
    globalPrivacyControl?: boolean;
    doNotTrack?: string | null;
  };
  return globalPrivacyControl === true || doNotTrack === '1' ? 'minimal' : 'full';
}
