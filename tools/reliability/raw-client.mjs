// The plain protocol, without the retries of a client library: what was asked and what was answered, nothing hidden.
import { importSource } from './sources.mjs';

const { RemotingClient, RemotingCommand } = await importSource('@mq/remoting');
const { decodeRecords } = await importSource('@mq/remoting/message');
const { RequestCode, ResponseCode } = await importSource('@mq/remoting/protocol');

const TIMEOUT_MS = 10_000;

export function rawClient() {
  const client = new RemotingClient({
    requestTimeoutMs: TIMEOUT_MS,
    connectTimeoutMs: 3_000,
    serializeType: 'ROCKETMQ',
  });
  const ask = (address, code, ext, body) => client.request(address, RemotingCommand.request(code, ext, body));

  return {
    close: () => client.close(),

    async createTopic(address, topic, queues) {
      const { code, remark } = await ask(address, RequestCode.UPDATE_AND_CREATE_TOPIC, {
        topic,
        defaultTopic: 'TBW102',
        readQueueNums: `${queues}`,
        writeQueueNums: `${queues}`,
        perm: '6',
        topicFilterType: 'SINGLE_TAG',
        topicSysFlag: '0',
        order: 'false',
      });
      if (code !== ResponseCode.SUCCESS) throw new Error(`creating ${topic}: ${code} ${remark}`);
    },

    /** Sends one message; resolves with the response code and, where stored, its place. */
    async send(address, { topic, queueId, body, properties = '' }) {
      const response = await ask(
        address,
        RequestCode.SEND_MESSAGE_V2,
        {
          a: 'campaign',
          b: topic,
          c: 'TBW102',
          d: '4',
          e: `${queueId}`,
          f: '0',
          g: `${Date.now()}`,
          h: '0',
          i: properties,
          j: '0',
          k: 'false',
          m: 'false',
        },
        Buffer.from(body),
      );
      return {
        code: response.code,
        remark: response.remark,
        queueOffset: Number(response.extFields.queueOffset),
      };
    },

    async offset(address, code, topic, queueId) {
      const response = await ask(address, code, { topic, queueId: `${queueId}` });
      if (response.code !== ResponseCode.SUCCESS)
        throw new Error(`offset of ${topic}: ${response.code} ${response.remark}`);
      return Number(response.extFields.offset);
    },

    /** The offset a group has committed; -1 when there is none. */
    async committedOffset(address, consumerGroup, topic, queueId) {
      const response = await ask(address, RequestCode.QUERY_CONSUMER_OFFSET, {
        consumerGroup,
        topic,
        queueId: `${queueId}`,
        setZeroIfNotFound: 'false',
      });
      if (response.code === ResponseCode.QUERY_NOT_FOUND) return -1;
      if (response.code !== ResponseCode.SUCCESS)
        throw new Error(`offset of ${consumerGroup}: ${response.code} ${response.remark}`);
      return Number(response.extFields.offset);
    },

    /** Reads a queue from `from` to its end. */
    async readQueue(address, topic, queueId, from) {
      const records = [];
      for (let queueOffset = from; ;) {
        const response = await ask(address, RequestCode.PULL_MESSAGE, {
          consumerGroup: 'campaign-reader',
          topic,
          queueId: `${queueId}`,
          queueOffset: `${queueOffset}`,
          maxMsgNums: '32',
          sysFlag: '4',
          commitOffset: '0',
          suspendTimeoutMillis: '0',
          subscription: '*',
          subVersion: '0',
          expressionType: 'TAG',
        });
        if (response.code === ResponseCode.PULL_NOT_FOUND) return records;
        if (response.code !== ResponseCode.SUCCESS)
          throw new Error(
            `pull of ${topic}-${queueId} at ${queueOffset}: ${response.code} ${response.remark}`,
          );
        for (const record of decodeRecords(response.body))
          records.push({ queueOffset: record.queueOffset, body: record.body.toString() });
        queueOffset = Number(response.extFields.nextBeginOffset);
      }
    },
  };
}
