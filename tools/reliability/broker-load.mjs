// Load on one broker and the journal of what it acknowledged, for campaigns that take the disk away below it.
import { Journal } from './journal.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { RequestCode, ResponseCode } = await importSource('@mq/remoting/protocol');

export const TOPIC = 'DiskTopic';
export const QUEUES = 4;
const LANES = 16;

export class Load {
  journal = new Journal();
  acked = 0;
  refused = 0;
  unknown = 0;
  /** Response codes other than success, with their number. */
  codes = new Map();
  remarks = new Set();
  /** When each acknowledged body was acknowledged, ms of the monotonic clock. */
  ackedAt = new Map();
  /** Acknowledgements that came although a send had been answered with a failure before it was sent. */
  ackedAfterFailure = 0;
  #next = 0;
  #failed = false;
  #stopped = false;
  #client = rawClient();

  constructor(prefix = '') {
    this.prefix = prefix;
  }

  async createTopic(address) {
    await this.#client.createTopic(address, TOPIC, QUEUES);
  }

  /** Sends until `stop` is called, the broker is gone, or it has refused for a while. */
  async run(address, { bytes = 200, refusals = 50 } = {}) {
    this.#stopped = false;
    const lane = async (number) => {
      while (!this.#stopped && this.refused < refusals) await this.one(address, number % QUEUES, bytes);
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  }

  async one(address, queueId, bytes = 200) {
    const body = `${this.prefix}${this.#next++}-`.padEnd(bytes, 'x');
    const sentAfterFailure = this.#failed;
    try {
      const properties = `KEYS\u0001${body.slice(0, body.indexOf('-'))}\u0002WAIT\u0001true\u0002`;
      const answer = await this.#client.send(address, { topic: TOPIC, queueId, body, properties });
      if (answer.code === ResponseCode.SUCCESS) {
        this.journal.acknowledge(queueId, answer.queueOffset, body);
        this.ackedAt.set(body, performance.now());
        this.acked++;
        if (sentAfterFailure) this.ackedAfterFailure++;
      } else {
        this.#failed = true;
        this.refused++;
        this.codes.set(answer.code, (this.codes.get(answer.code) ?? 0) + 1);
        if (answer.remark) this.remarks.add(answer.remark);
      }
      return answer.code;
    } catch (error) {
      if (error.name !== 'RemotingError') throw error;
      this.unknown++;
      this.#stopped = true;
      return undefined;
    }
  }

  stop() {
    this.#stopped = true;
  }

  /** Reads every queue whole. @returns sentences about what is wrong, and what is lost */
  async verify(address) {
    const violations = [];
    const read = new Map();
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const from = await this.#client.offset(address, RequestCode.GET_MIN_OFFSET, TOPIC, queueId);
      const records = await this.#client.readQueue(address, TOPIC, queueId, from);
      read.set(queueId, records);
      violations.push(...this.journal.violations(queueId, from, records));
    }
    return { violations, read };
  }

  /** What was acknowledged and is not there is no longer expected; what is there stays. */
  forget(read) {
    for (const [queueId, records] of read) {
      const there = new Map(records.map(({ queueOffset, body }) => [queueOffset, body]));
      const queue = this.journal.acked.get(queueId) ?? new Map();
      for (const [queueOffset, body] of queue) if (there.get(queueOffset) !== body) queue.delete(queueOffset);
    }
  }

  close() {
    return this.#client.close();
  }
}
