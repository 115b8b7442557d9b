export type * from './message-store.js';
export type { ConsumeQueueExtUnit } from './consume-queue/consume-queue-ext.js';
export { DefaultMessageStore, type MessageStoreDeps } from './default-message-store.js';
export { messageStoreSettings, type MessageStoreSettings } from './settings.js';
export { StoreError, type StoreErrorCode } from './store-error.js';
export { RunningFlags, type RunningFlag } from './running-flags.js';
export type { DurabilityVoter } from './flush/durability-gate.js';
export { DelayLevels } from './commit-log/delay-levels.js';
export { StoreCheckpoint } from './checkpoint.js';
export { readBootId } from './disk/boot-id.js';
export { FileDisk } from './disk/file-disk.js';
export {
  DiskError,
  type Disk,
  type DiskFile,
  type DiskLock,
  type DiskOperation,
  type DiskStat,
  type DiskUsage,
  type OpenOptions,
} from './disk/disk.js';
export { checkStore, type CheckOptions, type StoreFinding, type StoreReport } from './repair/check-store.js';
export { repairStore, type RepairReport } from './repair/repair-store.js';
export { DeliveryMarks, type TimerMark } from './delivery-marks.js';
export {
  isStored,
  Redelivery,
  type Outcome,
  type RedeliveryOptions,
  type Route,
} from './redelivery/redelivery.js';
export type { StoredRecord } from './redelivery/stored-record.js';
export { deliveryTime } from './timer/delivery-time.js';
export { recallKey } from './timer/timer-delivery.js';
export { TimerMessageStore, type TimerMessageStoreOptions } from './timer/timer-message-store.js';
export type { TimerCounts } from './timer/timer-metrics.js';
