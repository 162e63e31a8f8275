export type { Agent } from './agent.ts';
export type { Options } from './options.ts';
export { start } from './start.ts';
