// 223 INVOKE_BROKER_TO_GET_CONSUMER_STATUS: asks the members of a group how far they are (221).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  GetConsumerStatusRequestHeader,
  MQVersion,
  type MessageQueue,
  RequestCode,
  ResponseCode,
  decodeGetConsumerStatusBody,
  encodeGetConsumerStatusBody,
  versionName,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import type { ClientChannelInfo } from '../../client/client-channel-info.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';

const CLIENT_TIMEOUT_MS = 5_000;

/** `clientAddr` of the header is a client id; blank asks all members. Members that do not answer are left out. */
export function invokeBrokerToGetConsumerStatus(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const { topic, group, clientAddr = '' } = GetConsumerStatusRequestHeader.decode(request.extFields);
    const members = [...(parts.consumers.groupInfo(group)?.channels.values() ?? [])];
    if (members.length === 0) {
      throw new RequestRefused(
        ResponseCode.SYSTEM_ERROR,
        `No Any Consumer online in the consumer group: [${group}]`,
      );
    }
    const asked = members.filter(({ clientId }) => clientAddr.trim() === '' || clientId === clientAddr);
    const tooOld = asked.find(({ version }) => version < MQVersion.V3_0_7_SNAPSHOT);
    if (tooOld !== undefined) {
      const version = versionName(tooOld.version);
      throw new RequestRefused(
        ResponseCode.SYSTEM_ERROR,
        `the client does not support this feature. version=${version}`,
      );
    }
    const answers = await Promise.all(asked.map((member) => askMember(parts, member, topic, group)));
    const consumerTable = Object.fromEntries(answers.filter((answer) => answer !== undefined));
    return found(encodeGetConsumerStatusBody({ consumerTable, messageQueueTable: new Map() }));
  };
}

async function askMember(
  parts: BrokerParts,
  { connection, clientId }: ClientChannelInfo,
  topic: string,
  group: string,
): Promise<[clientId: string, offsets: Map<MessageQueue, number>] | undefined> {
  const ext = GetConsumerStatusRequestHeader.encode({ topic, group });
  const question = RemotingCommand.request(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, ext);
  try {
    const answer = await parts.toClient.call(connection, question, CLIENT_TIMEOUT_MS);
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) return undefined;
    return [clientId, decodeGetConsumerStatusBody(answer.body).messageQueueTable];
  } catch (error) {
    parts.logger.warn('consumer did not tell its status', { group, clientId, error });
    return undefined;
  }
}
