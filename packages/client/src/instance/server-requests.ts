// Requests that brokers send to a client on the client's own connection.
import { RemotingCommand, type Clock, type Logger, type RemotingClient } from '@mq/remoting';
import { MessageConst, decodeRecord } from '@mq/remoting/message';
import {
  CheckTransactionStateRequestHeader,
  ConsumeMessageDirectlyResultRequestHeader,
  GetConsumerRunningInfoRequestHeader,
  GetConsumerStatusRequestHeader,
  NotifyConsumerIdsChangedRequestHeader,
  RequestCode,
  ResetOffsetRequestHeader,
  ResponseCode,
  decodeResetOffsetBody,
  encodeConsumeMessageDirectlyResult,
  encodeConsumerRunningInfo,
  encodeGetConsumerStatusBody,
} from '@mq/remoting/protocol';
import type { ConsumerMember, ProducerMember } from './group-members.js';
import { decodeReply, type ReplyWaiters } from './reply-waiters.js';

interface ServerRequestDeps {
  readonly consumerOf: (group: string) => ConsumerMember | undefined;
  readonly producerOf: (group: string) => ProducerMember | undefined;
  readonly replies: ReplyWaiters;
  readonly clock: Clock;
  readonly namespace: string | undefined;
  readonly logger: Logger;
}

/** Registers the handlers. Upstream: ClientRemotingProcessor. */
export function registerServerRequests(remoting: RemotingClient, deps: ServerRequestDeps): void {
  remoting.register(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, (request) => {
    const { consumerGroup } = NotifyConsumerIdsChangedRequestHeader.decode(request.extFields);
    deps.consumerOf(consumerGroup)?.rebalanceSoon();
    return undefined;
  });

  remoting.register(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, (request) => {
    const { topic, group } = ResetOffsetRequestHeader.decode(request.extFields);
    const consumer = deps.consumerOf(group);
    if (consumer === undefined || request.body === undefined) return undefined;
    const offsets = [...decodeResetOffsetBody(request.body).offsetTable].map(([queue, offset]) => ({
      queue,
      offset,
    }));
    consumer.resetOffsets(topic, offsets).catch((error: unknown) => {
      deps.logger.error('reset of offsets failed', { group, topic, error });
    });
    return undefined;
  });

  remoting.register(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, (request) => {
    const { topic, group } = GetConsumerStatusRequestHeader.decode(request.extFields);
    const status = deps.consumerOf(group)?.consumerStatus(topic) ?? [];
    const messageQueueTable = new Map(status.map(({ queue, offset }) => [queue, offset]));
    return success(encodeGetConsumerStatusBody({ messageQueueTable, consumerTable: {} }));
  });

  remoting.register(RequestCode.GET_CONSUMER_RUNNING_INFO, (request) => {
    const { consumerGroup } = GetConsumerRunningInfoRequestHeader.decode(request.extFields);
    const consumer = deps.consumerOf(consumerGroup);
    return consumer === undefined
      ? unknownGroup(consumerGroup)
      : success(encodeConsumerRunningInfo(consumer.runningInfo()));
  });

  remoting.register(RequestCode.CONSUME_MESSAGE_DIRECTLY, async (request) => {
    const { consumerGroup, brokerName } = ConsumeMessageDirectlyResultRequestHeader.decode(request.extFields);
    const message = request.body === undefined ? undefined : decodeRecord(request.body);
    const consumer = deps.consumerOf(consumerGroup);
    if (consumer === undefined) return unknownGroup(consumerGroup);
    if (message === undefined)
      return RemotingCommand.response(ResponseCode.SYSTEM_ERROR, 'the body is not a message');
    return success(
      encodeConsumeMessageDirectlyResult(await consumer.consumeMessageDirectly(message, brokerName ?? '')),
    );
  });

  remoting.register(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, (request) => {
    const reply = decodeReply(request, deps.clock, deps.namespace);
    // A late one is taken too, as upstream does: the broker can do nothing about it.
    if (!deps.replies.accept(reply))
      deps.logger.warn('a reply came that nobody waits for', {
        msgId: reply.msgId,
        bornHost: reply.bornHost,
      });
    return success();
  });

  // Oneway. Silence, when nobody here knows the transaction, lets the broker ask another.
  remoting.register(RequestCode.CHECK_TRANSACTION_STATE, (request, { connection }) => {
    const header = CheckTransactionStateRequestHeader.decode(request.extFields);
    const message = request.body === undefined ? undefined : decodeRecord(request.body);
    const group = message?.properties[MessageConst.PRODUCER_GROUP];
    const producer = group === undefined ? undefined : deps.producerOf(group);
    if (message === undefined || producer?.checkTransaction === undefined) {
      deps.logger.warn('a transaction was asked about that nobody here knows', {
        group,
        msgId: header.msgId,
      });
      return undefined;
    }
    producer.checkTransaction({ brokerAddress: connection.remoteAddress, header, message });
    return undefined;
  });
}

function success(body?: Buffer): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, undefined, body);
}

function unknownGroup(group: string): RemotingCommand {
  return RemotingCommand.response(
    ResponseCode.SYSTEM_ERROR,
    `The Consumer Group <${group}> not exist in this consumer`,
  );
}
