export type * from './message-store.js';
export { RunningFlags, type RunningFlag } from './running-flags.js';
