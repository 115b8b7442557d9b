// The bits of a new message's extended entry: one group after the other says whether it wants it (upstream:
// CommitLogDispatcherCalcBitMap). Runs for every message; without an expression for its topic it is one look-up.
import { addToBits } from '@mq/filter';
import type { FilterBitMap } from '@mq/store';

import type { ConsumerFilterManager } from './consumer-filter-manager.js';

export function calcFilterBitMap(
  filters: ConsumerFilterManager,
  settings: { readonly broker: { readonly enableCalcFilterBitMap: boolean } },
): FilterBitMap {
  const bits = Buffer.alloc(filters.bloomFilter.bitCount / 8);
  return (topic, storeTimestamp, buffer, propertiesStart, propertiesEnd) => {
    filters.noteStored(storeTimestamp);
    const groups = filters.ofTopic(topic);
    if (groups === undefined || !settings.broker.enableCalcFilterBitMap) return undefined;
    const properties = filters.propertiesOf(buffer, propertiesStart, propertiesEnd);
    bits.fill(0);
    for (const { filter, bloomFilterData } of groups.values()) {
      if (filter === undefined || bloomFilterData === undefined) continue;
      if (filter.matches(properties)) addToBits(bloomFilterData, bits);
    }
    return bits;
  };
}
