/**
 * The words of the loss ledger. *Unsampled* is a decision, *dropped* is a limit on the sender's side, *rejected* is the
 * collector's refusal; they are never mixed, and nothing is lost without one of these reasons.
 */
export const DROP_REASONS = [
  'queue_full', // more waiting bytes than the sender may hold
  'too_large', // one span or event alone is over the batch limit
  'refused', // the collector answered with a status that must not be retried
  'page_exit', // did not fit into what a page may send while it is being left
  'device_lost', // died with the page, or on the device's storage, before they could be sent; found by a later page
  'before_send', // the site's own beforeSend left it out
  'rate_capped', // over maxEventsPerMinute
  'stopped', // stop() or a refusal of consent
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export const REJECT_REASONS = [
  'invalid_id', // not 16 / 8 bytes, or zero
  'invalid_time', // no readable start or end
  'invalid_shape', // not an OTLP span or log record
  'service_not_allowed', // a public key may not write this service
  'too_many', // over the spans or records one request may hold
  'conflict', // the same ids with another content; the first version stays
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];
