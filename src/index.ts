export type { Agent } from './agent.ts';
export type { Options, Outgoing } from './options.ts';
export type { Consent } from './session/consent.ts';
export type { User } from './session/identity.ts';
export { start } from './start.ts';
