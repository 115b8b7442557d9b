import { type PropertyScanner, PropertySlot } from '@mq/remoting/message';

/**
 * When a message wants to be delivered, ms since the epoch: TIMER_DELAY_SEC, else TIMER_DELAY_MS, else TIMER_DELIVER_MS
 * (upstream HookUtils#transformTimerMessage). undefined: it does not say, or not as a whole number.
 * @param sinceMs what a delay counts from
 */
export function deliveryTime(properties: PropertyScanner, sinceMs: number): number | undefined {
  if (properties.has(PropertySlot.TIMER_DELAY_SEC)) {
    const seconds = wholeNumber(properties, PropertySlot.TIMER_DELAY_SEC);
    return seconds === undefined ? undefined : sinceMs + seconds * 1000;
  }
  if (properties.has(PropertySlot.TIMER_DELAY_MS)) {
    const ms = wholeNumber(properties, PropertySlot.TIMER_DELAY_MS);
    return ms === undefined ? undefined : sinceMs + ms;
  }
  return wholeNumber(properties, PropertySlot.TIMER_DELIVER_MS);
}

function wholeNumber(properties: PropertyScanner, slot: number): number | undefined {
  const value = properties.integer(slot, NaN);
  return Number.isNaN(value) ? undefined : value;
}
