import type { Clock, Logger } from '@mq/remoting';
import {
  type ConsumerOffsetSerializeWrapper,
  type DataVersion,
  decodeConsumerOffsetSerializeWrapper,
  encodeConsumerOffsetSerializeWrapper,
  firstDataVersion,
  nextDataVersion,
} from '@mq/remoting/protocol';
import type { ConfigText } from '../config/config-text.js';
import { QueueOffsets } from './queue-offsets.js';

export interface ConsumerOffsetManagerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `config/consumerOffset.json`; memory only when absent. */
  readonly file?: ConfigText;
  /** Commits after which dataVersion moves on; default 500 (`consumerOffsetUpdateVersionStep`). */
  readonly updateVersionStep?: () => number;
  /** Whether queries answer a pending server-side reset first (`useServerSideResetOffset`); default true. */
  readonly useServerSideResetOffset?: () => boolean;
}

/** What one group knows about one topic. */
interface OffsetRow {
  readonly topic: string;
  readonly group: string;
  readonly committed: QueueOffsets;
  /** Offsets that the next pull of a queue is sent to; commits of that queue are ignored until then. */
  reset: QueueOffsets | undefined;
  /** Where pulls stand, ahead of what is committed (GET_CONSUME_STATS); never persisted. */
  pulled: QueueOffsets | undefined;
}

/**
 * How far every group has consumed (upstream `ConsumerOffsetManager`).
 *
 * `rows` holds every row under Apache's key `topic@group`, in order of arrival; `byGroup` is the same rows for look-ups
 * that build no key. Invariant: both hold the same rows.
 */
export class ConsumerOffsetManager {
  readonly #rows = new Map<string, OffsetRow>();
  readonly #byGroup = new Map<string, Map<string, OffsetRow>>();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #file: ConfigText | undefined;
  readonly #updateVersionStep: () => number;
  readonly #useServerSideResetOffset: () => boolean;
  #dataVersion: DataVersion;
  #commits = 0;
  #isDirty = false;

  constructor(options: ConsumerOffsetManagerOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#file = options.file;
    this.#updateVersionStep = options.updateVersionStep ?? (() => 500);
    this.#useServerSideResetOffset = options.useServerSideResetOffset ?? (() => true);
    this.#dataVersion = firstDataVersion(this.#clock.now());
  }

  get dataVersion(): DataVersion {
    return this.#dataVersion;
  }

  /** Apache's offset table: `topic@group` → queueId → offset. A copy. */
  get table(): Map<string, Map<number, number>> {
    const table = new Map<string, Map<number, number>>();
    for (const [key, row] of this.#rows) if (!row.committed.isEmpty) table.set(key, row.committed.toMap());
    return table;
  }

  /** Reads the file, if there is one, over what is known. Throws when it cannot be read. */
  load(): void {
    const text = this.#file?.load();
    if (text === undefined) return;
    const file = decodeConsumerOffsetSerializeWrapper(text);
    if (file.dataVersion !== undefined) this.#dataVersion = file.dataVersion;
    for (const [key, offsets] of Object.entries(file.offsetTable)) {
      const at = key.indexOf('@');
      if (at < 0) continue;
      const row = this.#rowOf(key.slice(at + 1), key.slice(0, at));
      for (const [queueId, offset] of offsets) row.committed.set(queueId, offset);
    }
  }

  /** Writes the file if an offset changed since it was written last. Throws DiskError. */
  persist(): void {
    if (!this.#isDirty || this.#file === undefined) return;
    this.#file.persist(
      encodeConsumerOffsetSerializeWrapper(this.serializeWrapper(), { pretty: true }).toString(),
    );
    this.#isDirty = false;
  }

  /** What is answered to slaves and written to the file. */
  serializeWrapper(): ConsumerOffsetSerializeWrapper {
    const groupTopicMap = Array.from(this.groupTopicMap(), ([group, topics]): [string, string[]] => [
      group,
      [...topics],
    ]);
    return {
      dataVersion: this.#dataVersion,
      groupTopicMap: Object.fromEntries(groupTopicMap),
      offsetTable: Object.fromEntries(this.table),
    };
  }

  /** Hot path. `client` is only named in the log, when an offset moves backward. */
  commit(client: string, group: string, topic: string, queueId: number, offset: number): void {
    const row = this.#find(group, topic) ?? this.#rowOf(group, topic);
    if (offset < row.committed.get(queueId)) {
      const storedOffset = row.committed.get(queueId);
      this.#logger.warn('consumer offset moves backward', {
        client,
        group,
        topic,
        queueId,
        offset,
        storedOffset,
      });
    }
    row.committed.set(queueId, offset);
    this.#isDirty = true;
    if (++this.#commits % this.#updateVersionStep() === 0) this.#bumpVersion();
  }

  /** The pending reset of the queue, else the committed offset; -1 when there is neither. */
  query(group: string, topic: string, queueId: number): number {
    const row = this.#find(group, topic);
    if (row === undefined) return -1;
    if (row.reset !== undefined && this.#useServerSideResetOffset()) {
      const reset = row.reset.get(queueId);
      if (reset >= 0) return reset;
    }
    return row.committed.get(queueId);
  }

  /** Committed offsets by queue; undefined when the group has none for the topic. */
  queryAll(group: string, topic: string): ReadonlyMap<number, number> | undefined {
    const row = this.#find(group, topic);
    return row === undefined || row.committed.isEmpty ? undefined : row.committed.toMap();
  }

  /** Hot path: where the group's pull of the queue stands. */
  commitPull(group: string, topic: string, queueId: number, offset: number): void {
    const row = this.#find(group, topic) ?? this.#rowOf(group, topic);
    (row.pulled ??= new QueueOffsets()).set(queueId, offset);
  }

  /** Where pulls stand; the committed offset when no pull was seen. */
  queryPull(group: string, topic: string, queueId: number): number {
    const pulled = this.#find(group, topic)?.pulled?.get(queueId) ?? -1;
    return pulled >= 0 ? pulled : this.query(group, topic, queueId);
  }

  /** Copies the committed offsets of one topic from one group to another, replacing what that one had. */
  cloneOffset(srcGroup: string, destGroup: string, topic: string): void {
    const source = this.#find(srcGroup, topic);
    if (source === undefined || srcGroup === destGroup) return;
    this.#remove(destGroup, topic);
    const target = this.#rowOf(destGroup, topic);
    for (const [queueId, offset] of source.committed.toMap()) target.committed.set(queueId, offset);
    this.#changed();
  }

  /** Forgets everything the group consumed. */
  removeByGroup(group: string): void {
    for (const topic of [...(this.#byGroup.get(group)?.keys() ?? [])]) this.#remove(group, topic);
    this.#changed();
  }

  /** Forgets what every group consumed of the topic. */
  removeByTopic(topic: string): void {
    for (const row of [...this.#rows.values()]) if (row.topic === topic) this.#remove(row.group, topic);
    this.#changed();
  }

  /** Groups with offsets of the topic. Broadcast rows of proxies (`group@suffix`) are not groups. */
  whichGroupsByTopic(topic: string): string[] {
    const groups: string[] = [];
    for (const row of this.#rows.values()) {
      if (row.topic === topic && isPlainGroup(row) && !row.committed.isEmpty) groups.push(row.group);
    }
    return groups;
  }

  /** Topics of which the group has offsets. */
  whichTopicsByGroup(group: string): string[] {
    const topics: string[] = [];
    for (const row of this.#byGroup.get(group)?.values() ?? [])
      if (!row.committed.isEmpty) topics.push(row.topic);
    return topics;
  }

  /** group → topics, as Apache keeps it in the file. */
  groupTopicMap(): Map<string, Set<string>> {
    const map = new Map<string, Set<string>>();
    for (const row of this.#rows.values()) {
      if (!isPlainGroup(row) || row.committed.isEmpty) continue;
      const topics = map.get(row.group);
      if (topics === undefined) map.set(row.group, new Set([row.topic]));
      else topics.add(row.topic);
    }
    return map;
  }

  /** Server-side reset: the queue's next pull is told to go to `offset`; commits are ignored until it came. */
  assignResetOffset(topic: string, group: string, queueId: number, offset: number): void {
    const row = this.#rowOf(group, topic);
    (row.reset ??= new QueueOffsets()).set(queueId, offset);
    row.committed.set(queueId, offset);
    this.#changed();
  }

  hasOffsetReset(topic: string, group: string, queueId: number): boolean {
    const row = this.#find(group, topic);
    return row?.reset !== undefined && row.reset.get(queueId) >= 0;
  }

  /** Ends the reset of the queue and returns its offset; undefined when none is pending. */
  queryThenEraseResetOffset(topic: string, group: string, queueId: number): number | undefined {
    const offset = this.#find(group, topic)?.reset?.take(queueId) ?? -1;
    return offset >= 0 ? offset : undefined;
  }

  /**
   * Per queue of the topic, the least offset of all groups but `excludedGroups` that is still in the store
   * (QUERY_CORRECTION_OFFSET). Unlike upstream, asking does not delete the offsets of the excluded groups.
   */
  minOffsetOfAllGroups(
    topic: string,
    excludedGroups: ReadonlySet<string>,
    minOffsetInQueue: (topic: string, queueId: number) => number,
  ): Map<number, number> {
    const least = new Map<number, number>();
    for (const row of this.#rows.values()) {
      if (row.topic !== topic || excludedGroups.has(row.group)) continue;
      for (const [queueId, offset] of row.committed.toMap()) {
        if (offset < minOffsetInQueue(topic, queueId)) continue;
        least.set(queueId, Math.min(offset, least.get(queueId) ?? offset));
      }
    }
    return least;
  }

  #find(group: string, topic: string): OffsetRow | undefined {
    return this.#byGroup.get(group)?.get(topic);
  }

  #rowOf(group: string, topic: string): OffsetRow {
    let topics = this.#byGroup.get(group);
    if (topics === undefined) this.#byGroup.set(group, (topics = new Map()));
    let row = topics.get(topic);
    if (row === undefined) {
      row = { topic, group, committed: new QueueOffsets(), reset: undefined, pulled: undefined };
      topics.set(topic, row);
      this.#rows.set(`${topic}@${group}`, row);
    }
    return row;
  }

  #remove(group: string, topic: string): void {
    this.#rows.delete(`${topic}@${group}`);
    const topics = this.#byGroup.get(group);
    topics?.delete(topic);
    if (topics?.size === 0) this.#byGroup.delete(group);
  }

  #changed(): void {
    this.#isDirty = true;
    this.#bumpVersion();
  }

  #bumpVersion(): void {
    this.#dataVersion = nextDataVersion(this.#dataVersion, this.#clock.now());
  }
}

function isPlainGroup(row: OffsetRow): boolean {
  return !row.group.includes('@');
}
