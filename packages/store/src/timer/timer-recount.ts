// The counts of waiting messages drift when a process dies between a change and the next writing of the file; once a day
// they are counted again from the timer log (upstream TimerMessageStore#checkAndReviseMetrics).
import { javaHashCode } from '@mq/remoting/message';
import type { TimerParts } from './timer-parts.js';
import { dueTimeOf, UnitMagic } from './timer-unit.js';

/** Units looked at before other work gets its turn. */
const UNITS_A_TURN = 10_000;

/** Counts what waits of every known topic. Topics whose names have the same hash are left as they are. @throws DiskError */
export async function recountTimers({ wheel, log, positions, counts, logger }: TimerParts): Promise<void> {
  const topics = new Map<number, string | undefined>();
  for (const topic of counts.topics()) {
    const hash = javaHashCode(topic);
    topics.set(hash, topics.has(hash) ? undefined : topic);
  }
  const { readTimeMs } = positions;
  let from = Infinity;
  wheel.forEach(readTimeMs, ({ firstPos }) => (from = Math.min(from, firstPos)));
  const found = new Map<string, number>();
  for (const topic of topics.values()) if (topic !== undefined) found.set(topic, 0);
  log.write();
  const end = log.end;
  for (let next = Math.max(from, log.start); next < end;) {
    let seen = 0;
    const stopped = log.scan(next, (unit, position) => {
      if (position >= end || ++seen > UNITS_A_TURN) return false;
      const topic = topics.get(unit.topicHash);
      if (topic === undefined || dueTimeOf(unit) < readTimeMs) return true;
      found.set(topic, found.get(topic)! + ((unit.magic & UnitMagic.DELETE) === 0 ? 1 : -1));
      return true;
    });
    if (stopped === next) break;
    next = stopped;
    await new Promise((resolve) => void setImmediate(resolve));
  }
  counts.set(found);
  logger.info('timers counted again', { topics: found.size });
}
