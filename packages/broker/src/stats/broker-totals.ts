import type { StatsItem } from './stats-item.js';
import type { StatsItemFactory } from './topic-stats.js';

/** What passes through the broker in all. */
export interface BrokerTotals {
  readonly put: StatsItem;
  readonly get: StatsItem;
  readonly putWithoutSystem: StatsItem;
  readonly getWithoutSystem: StatsItem;
  /** Messages that became dead letters. */
  readonly sentToDlq: StatsItem;
}

export function newTotals(factory: StatsItemFactory): BrokerTotals {
  return {
    put: factory.newItem(),
    get: factory.newItem(),
    putWithoutSystem: factory.newItem(),
    getWithoutSystem: factory.newItem(),
    sentToDlq: factory.newItem(),
  };
}
