import { Tallies, type TallySource } from './tallies.js';

/** What passes through the broker in all. */
export interface BrokerTotals {
  readonly put: Tallies;
  readonly get: Tallies;
  readonly putWithoutSystem: Tallies;
  readonly getWithoutSystem: Tallies;
  /** Messages that became dead letters. */
  readonly sentToDlq: Tallies;
}

export function newTotals(source: TallySource): BrokerTotals {
  const make = (): Tallies => new Tallies(source);
  return { put: make(), get: make(), putWithoutSystem: make(), getWithoutSystem: make(), sentToDlq: make() };
}
