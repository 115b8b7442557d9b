// The settings of the timer wheel: upstream's names (MessageStoreConfig). Thread numbers, disruptor queues and pre-reading,
// which have nothing to steer here: `unused-settings.ts`.
import { setting } from '@mq/remoting/settings';

/** A file must at least hold two units and its blank. */
const MIN_LOG_FILE_BYTES = 120;

export const timerSettings = {
  timerWheelEnable: setting.boolean({
    default: true,
    help: 'Serve messages with a delay or delivery time of their own (needed for pop).',
  }),
  timerPrecisionMs: setting.int({
    default: 1000,
    min: 1,
    max: 60_000,
    unit: 'ms',
    help: 'Width of a slot of the timer wheel; fixed for a store directory.',
  }),
  timerMaxDelaySec: setting.int({
    default: 259_200,
    min: 1,
    mutable: true,
    unit: 's',
    help: 'Longest delay of a timer message.',
  }),
  timerRollWindowSlot: setting.int({
    default: 172_800,
    min: 1,
    unit: 'slots',
    help: 'Messages due later are stored again when this time is over; values outside 2 to 604740 count as 604740.',
  }),
  timerCongestNumEachSlot: setting.int({
    default: 2_147_483_647,
    min: 1,
    mutable: true,
    help: 'Messages of one slot above which sends are refused by chance; at twice as many all are.',
  }),
  timerFlushIntervalMs: setting.int({
    default: 1000,
    min: 1,
    mutable: true,
    unit: 'ms',
    help: 'Period in which timer log, wheel and timercheck are made durable.',
  }),
  timerStopEnqueue: setting.boolean({
    default: false,
    mutable: true,
    help: 'Leave new timer messages in their topic; they reach the wheel when this is false again.',
  }),
  timerStopDequeue: setting.boolean({
    default: false,
    mutable: true,
    help: 'Deliver no timer messages; those that are due wait.',
  }),
  timerEnableCheckMetrics: setting.boolean({
    default: true,
    mutable: true,
    help: 'Count waiting timer messages again once a day.',
  }),
  timerCheckMetricsWhen: setting.string({
    default: '05',
    mutable: true,
    help: 'Hours of that, two digits each, separated by semicolons.',
  }),
  mappedFileSizeTimerLog: setting.int({
    default: 104_857_600,
    min: MIN_LOG_FILE_BYTES,
    unit: 'bytes',
    help: 'Size of a timer log file; must match existing files.',
  }),
};
