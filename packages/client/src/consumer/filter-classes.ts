// Class filters: code of the application's that a filter server beside the broker runs (upstream: MQClientInstance
// #uploadFilterClassToAllFilterServer and PullAPIWrapper#computePullFromWhichFilterServer).
import { RemotingCommand } from '@mq/remoting';
import { bodyCrc } from '@mq/remoting/message';
import { RegisterMessageFilterClassRequestHeader, RequestCode, ResponseCode } from '@mq/remoting/protocol';

import { MQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';

/** What a filter server is to run for a topic. */
export interface FilterClass {
  /** A name for logs and for the eyes of operators. */
  readonly className: string;
  /** JavaScript that defines `function match(message, context)`, which returns true for the messages that are wanted. */
  readonly source: string;
}

const UPLOAD_TIMEOUT_MS = 5_000;

/** Which filter server to pull from, and that it has the code. One for each consumer. */
export class FilterClasses {
  /** Server and topic → what it was given, or is being given. */
  readonly #uploads = new Map<string, { readonly filterClass: FilterClass; readonly done: Promise<void> }>();

  constructor(
    private readonly client: ClientInstance,
    private readonly group: string,
    /** The code for a wire topic. */
    private readonly classOf: (topic: string) => FilterClass | undefined,
  ) {}

  /**
   * A server, any of those that registered at the broker, which has the code now.
   * @throws MQClientError BROKER_NOT_FOUND when there is none, SUBSCRIPTION_REFUSED when it does not take the code
   */
  async serverFor(topic: string, brokerAddress: string): Promise<string> {
    const server = this.#anyServer(topic, brokerAddress) ?? (await this.#lookAgain(topic, brokerAddress));
    if (server === undefined) {
      const problem = `no filter server is registered at ${brokerAddress} for the class filter of ${topic}`;
      throw new MQClientError('BROKER_NOT_FOUND', problem);
    }
    const filterClass = this.classOf(topic);
    if (filterClass === undefined) return server;
    const key = keyOf(server, topic);
    let upload = this.#uploads.get(key);
    if (upload?.filterClass !== filterClass) {
      upload = { filterClass, done: this.#upload(server, topic, filterClass) };
      this.#uploads.set(key, upload);
      upload.done.catch(() => this.forget(server, topic));
    }
    await upload.done;
    return server;
  }

  /** The server does not have the code, or may not: it was started again, or its connection broke. */
  forget(server: string, topic: string): void {
    this.#uploads.delete(keyOf(server, topic));
  }

  #anyServer(topic: string, brokerAddress: string): string | undefined {
    const servers = this.client.routes.routeOf(topic)?.filterServerTable[brokerAddress] ?? [];
    return servers[Math.floor(this.client.random() * servers.length) % servers.length];
  }

  /** One that has come since the route was fetched. */
  async #lookAgain(topic: string, brokerAddress: string): Promise<string | undefined> {
    await this.client.fetchRoute(topic);
    return this.#anyServer(topic, brokerAddress);
  }

  async #upload(server: string, topic: string, filterClass: FilterClass): Promise<void> {
    const { className } = filterClass;
    const source = Buffer.from(filterClass.source);
    const ext = RegisterMessageFilterClassRequestHeader.encode({
      consumerGroup: this.group,
      topic,
      className,
      classCRC: bodyCrc(source),
    });
    const command = RemotingCommand.request(RequestCode.REGISTER_MESSAGE_FILTER_CLASS, ext, source);
    const options = { timeoutMs: UPLOAD_TIMEOUT_MS };
    const accepted = [ResponseCode.SUCCESS, ResponseCode.SYSTEM_ERROR];
    const answer = await this.client.brokers.call(
      'filter upload',
      { address: server },
      command,
      options,
      accepted,
    );
    if (answer.code === ResponseCode.SUCCESS) return;
    const problem = `the filter server ${server} does not take ${className}: ${answer.remark ?? 'no reason given'}`;
    throw new MQClientError('SUBSCRIPTION_REFUSED', problem, { responseCode: answer.code, retryable: false });
  }
}

/** Addresses have no space. */
function keyOf(server: string, topic: string): string {
  return `${server} ${topic}`;
}
