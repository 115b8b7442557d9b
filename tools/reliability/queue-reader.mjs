// Reads a topic's queues for as long as a campaign runs, whatever happens to the broker, with long polling.
import { setTimeout as sleep } from 'node:timers/promises';
import { importSource } from './sources.mjs';

const { RemotingClient, RemotingCommand } = await importSource('@mq/remoting');
const { decodeRecords } = await importSource('@mq/remoting/message');
const { RequestCode, ResponseCode } = await importSource('@mq/remoting/protocol');

const HOLD_MS = 10_000;
/** Of a pull: wait for messages, and here is the subscription. */
const [SUSPEND, SUBSCRIPTION] = [2, 4];

export class QueueReader {
  #client = new RemotingClient({
    requestTimeoutMs: 2 * HOLD_MS,
    connectTimeoutMs: 1_000,
    serializeType: 'ROCKETMQ',
  });
  #stopped = false;
  #lanes;

  /** @param take is given each body, and when it came, by the wall clock */
  constructor(address, topic, queues, take) {
    this.#lanes = Promise.all(
      Array.from({ length: queues }, (_, queueId) => this.#read(address, topic, queueId, take)),
    );
  }

  async stop() {
    this.#stopped = true;
    await this.#client.close();
    await this.#lanes;
  }

  async #read(address, topic, queueId, take) {
    for (let offset = 0; !this.#stopped;) {
      try {
        const answer = await this.#client.request(address, pull(topic, queueId, offset));
        const atMs = Date.now();
        if (answer.code === ResponseCode.SUCCESS) {
          for (const record of decodeRecords(answer.body)) take(record.body.toString(), atMs);
          offset = Number(answer.extFields.nextBeginOffset);
        } else await sleep(5);
      } catch (error) {
        if (error.name !== 'RemotingError') throw error;
        await sleep(20);
      }
    }
  }
}

function pull(topic, queueId, offset) {
  return RemotingCommand.request(RequestCode.PULL_MESSAGE, {
    consumerGroup: 'campaign-reader',
    topic,
    queueId: `${queueId}`,
    queueOffset: `${offset}`,
    maxMsgNums: '32',
    sysFlag: `${SUSPEND | SUBSCRIPTION}`,
    commitOffset: '0',
    suspendTimeoutMillis: `${HOLD_MS}`,
    subscription: '*',
    subVersion: '0',
    expressionType: 'TAG',
  });
}
