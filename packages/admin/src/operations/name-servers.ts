import {
  AddWritePermOfBrokerRequestHeader,
  AddWritePermOfBrokerResponseHeader,
  DeleteKVConfigRequestHeader,
  GetKVConfigRequestHeader,
  GetKVConfigResponseHeader,
  GetKVListByNamespaceRequestHeader,
  MixAll,
  PutKVConfigRequestHeader,
  RequestCode,
  ResponseCode,
  WipeWritePermOfBrokerRequestHeader,
  WipeWritePermOfBrokerResponseHeader,
  decodeKVTable,
} from '@mq/remoting/protocol';
import { parseProperties } from '@mq/remoting/settings';
import type { AdminChannel } from '../channel.js';
import { isAdminError } from '../errors.js';
import { formatConfig } from './config-text.js';

const ORDER_CONF = MixAll.NAMESPACE_ORDER_TOPIC_CONFIG;

/** NameServers: configuration, key-value store, permissions of brokers. They share nothing: a change goes to each. */
export class NameServerOperations {
  constructor(private readonly channel: AdminChannel) {}

  /** Settings of one NameServer, in its order. @throws AdminError */
  async config(address: string): Promise<Map<string, string>> {
    const { body } = await this.channel.ask(address, RequestCode.GET_NAMESRV_CONFIG);
    return this.channel.decode(address, () => parseProperties(body?.toString('utf8') ?? ''));
  }

  /** Changes settings of one NameServer at once and in its file. @throws AdminError */
  async updateConfig(address: string, changes: Readonly<Record<string, string>>): Promise<void> {
    await this.channel.ask(address, RequestCode.UPDATE_NAMESRV_CONFIG, { body: formatConfig(changes) });
  }

  /** A value, from the first NameServer that answers; undefined when there is none. @throws AdminError */
  async kvValue(namespace: string, key: string): Promise<string | undefined> {
    const ext = GetKVConfigRequestHeader.encode({ namespace, key });
    try {
      const response = await this.channel.askNameServer(RequestCode.GET_KV_CONFIG, { ext });
      return this.channel.header('the NameServer', GetKVConfigResponseHeader, response).value;
    } catch (error) {
      if (isAdminError(error) && error.responseCode === ResponseCode.QUERY_NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** Every value of a namespace, by key. @throws AdminError */
  async kvList(namespace: string): Promise<Record<string, string>> {
    const ext = GetKVListByNamespaceRequestHeader.encode({ namespace });
    const { body } = await this.channel.askNameServer(RequestCode.GET_KVLIST_BY_NAMESPACE, { ext });
    return this.channel.decode('the NameServer', () => decodeKVTable(body).table);
  }

  /** Sets a value on every NameServer. @throws AdminError */
  async putKvValue(namespace: string, key: string, value: string): Promise<void> {
    const ext = PutKVConfigRequestHeader.encode({ namespace, key, value });
    await this.channel.askEveryNameServer(RequestCode.PUT_KV_CONFIG, { ext });
  }

  /** Removes a value from every NameServer. @throws AdminError */
  async deleteKvValue(namespace: string, key: string): Promise<void> {
    const ext = DeleteKVConfigRequestHeader.encode({ namespace, key });
    await this.channel.askEveryNameServer(RequestCode.DELETE_KV_CONFIG, { ext });
  }

  /** Queues of an order topic, "brokerA:4;brokerB:4"; undefined when it has none set. @throws AdminError */
  orderConf(topic: string): Promise<string | undefined> {
    return this.kvValue(ORDER_CONF, topic);
  }

  /** Sets the queues of an order topic on all brokers. @throws AdminError */
  putOrderConf(topic: string, orderConf: string): Promise<void> {
    return this.putKvValue(ORDER_CONF, topic, orderConf);
  }

  /** Sets the queues of an order topic on one broker and keeps the others'. @throws AdminError */
  async mergeOrderConf(topic: string, brokerName: string, queueNums: number): Promise<void> {
    const entries = (await this.orderConf(topic))?.split(';').filter((entry) => entry !== '') ?? [];
    const others = entries.filter((entry) => entry.split(':')[0] !== brokerName);
    await this.putOrderConf(topic, [...others, `${brokerName}:${queueNums}`].join(';'));
  }

  /** Removes what `orderConf` answers from every NameServer. @throws AdminError */
  deleteOrderConf(topic: string): Promise<void> {
    return this.deleteKvValue(ORDER_CONF, topic);
  }

  /**
   * Takes the write permission from every topic of a broker, at one NameServer. Producers move on with their next route
   * refresh.
   * @returns topics changed
   * @throws AdminError
   */
  async wipeWritePerm(address: string, brokerName: string): Promise<number> {
    const ext = WipeWritePermOfBrokerRequestHeader.encode({ brokerName });
    const response = await this.channel.ask(address, RequestCode.WIPE_WRITE_PERM_OF_BROKER, { ext });
    return this.channel.header(address, WipeWritePermOfBrokerResponseHeader, response).wipeTopicCount;
  }

  /** Gives it back. @returns topics changed. @throws AdminError */
  async addWritePerm(address: string, brokerName: string): Promise<number> {
    const ext = AddWritePermOfBrokerRequestHeader.encode({ brokerName });
    const response = await this.channel.ask(address, RequestCode.ADD_WRITE_PERM_OF_BROKER, { ext });
    return this.channel.header(address, AddWritePermOfBrokerResponseHeader, response).addTopicCount;
  }
}
