import { ManualClock, silentLogger } from '@mq/remoting';
import {
  encodePopAck,
  encodePopCheckPoint,
  POP_ACK_TAG,
  POP_BATCH_ACK_TAG,
  POP_CHECK_POINT_TAG,
} from '@mq/remoting/protocol';

import { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import { brokerSettings } from '../settings.js';
import type { CheckPoint } from './check-point.js';
import { CheckPointRecovery } from './check-point-recovery.js';
import { CheckPointTable } from './check-point-table.js';
import { PopQueues } from './pop-queue.js';
import type { ReviveLog, ReviveRecord } from './revive-log.js';

const POP_TIME = 100_000;
const INVISIBLE_MS = 10_000;
const REVIVE_TIME = POP_TIME + INVISIBLE_MS;
/** Of two messages that were popped together. */
const NAME = { topic: 'T', group: 'G', queueId: 0, startOffset: 5, popTime: POP_TIME, brokerName: 'b' };
const OFFSETS = [5, 6];

/** Reads records that Apache's broker wrote, `startAtMs` on the broker's clock. */
function recoveryAt(startAtMs: number) {
  const clock = new ManualClock(startAtMs);
  const due: CheckPoint[] = [];
  const finished: CheckPoint[] = [];
  const table = new CheckPointTable(clock, (checkPoint) =>
    table.isOrphan(checkPoint) ? table.forget(checkPoint) : due.push(checkPoint),
  );
  const queues = new PopQueues();
  const recovery = new CheckPointRecovery({
    clock,
    settings: { broker: brokerSettings.parse({}).values },
    brokerName: 'b',
    queues,
    consumerOffsets: new ConsumerOffsetManager({ clock, logger: silentLogger }),
    log: { pin: () => undefined } as unknown as ReviveLog,
    table,
    finish: (checkPoint) => {
      finished.push(checkPoint);
      table.forget(checkPoint);
    },
  });
  let queueOffset = 0;
  const apply = (record: Pick<ReviveRecord, 'tag' | 'body' | 'deliverMs'>, isLate: boolean): void =>
    recovery.apply({ queueId: 0, queueOffset: queueOffset++, isThroughTimer: true, isLate, ...record });
  return {
    clock,
    due,
    finished,
    queues,
    checkPoint: ({ isLate = false } = {}) => {
      const body = encodePopCheckPoint({
        ...NAME,
        invisibleTime: INVISIBLE_MS,
        offsets: OFFSETS,
        bits: 0,
        rePutTimes: 0,
      });
      apply({ tag: POP_CHECK_POINT_TAG, body, deliverMs: REVIVE_TIME - 1_000 }, isLate);
    },
    acknowledge: (offsets: readonly number[], { isLate = false } = {}) => {
      const tag = offsets.length > 1 ? POP_BATCH_ACK_TAG : POP_ACK_TAG;
      apply({ tag, body: encodePopAck({ ...NAME, offsets }), deliverMs: REVIVE_TIME }, isLate);
    },
  };
}

describe('records that another broker sent through its timer wheel', () => {
  test('a checkpoint waits for the acknowledgements that are due after it', async () => {
    const { clock, due, checkPoint, acknowledge } = recoveryAt(REVIVE_TIME - 1_000);
    checkPoint();
    await clock.advance(2_000);
    acknowledge([6]);
    expect(due).toEqual([]);
    await clock.advance(3_000);
    expect(due.map((one) => one.offsetsOf(~one.bits))).toEqual([[5]]);
  });

  test('with all of them it is done', async () => {
    const { clock, due, finished, checkPoint, acknowledge } = recoveryAt(REVIVE_TIME + 60_000);
    checkPoint();
    acknowledge(OFFSETS);
    expect(finished).toHaveLength(1);
    await clock.advance(10_000);
    expect(due).toEqual([]);
  });

  test('an acknowledgement that was late for the wheel counts though it comes before its checkpoint', async () => {
    const { clock, due, checkPoint, acknowledge } = recoveryAt(REVIVE_TIME + 3_600_000);
    acknowledge([5], { isLate: true });
    await clock.advance(1_000);
    checkPoint();
    await clock.advance(5_000);
    expect(due.map((one) => one.offsetsOf(~one.bits))).toEqual([[6]]);
  });

  test('one of a checkpoint that was done is forgotten, at once or in the end', async () => {
    const { clock, queues, acknowledge } = recoveryAt(REVIVE_TIME);
    acknowledge([5]);
    const queue = queues.of('T', 'G', 0);
    expect(queue.checkPoints.size).toBe(0);
    acknowledge([6], { isLate: true });
    expect(queue.checkPoints.size).toBe(1);
    await clock.advance(181_000);
    expect(queue.checkPoints.size).toBe(0);
  });
});
