import { messageQueueText } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { integer, required, text } from '../../option.js';

export const sendMsgStatus = defineCommand({
  name: 'sendMsgStatus',
  summary: 'Send msg to broker.',
  options: {
    brokerName: required(
      text('b', 'brokerName', 'Broker Name e.g. clusterName_brokerName as DefaultCluster_broker-a'),
    ),
    messageSize: integer('s', 'messageSize', 'Message Size, Default: 128'),
    count: integer('c', 'count', 'send message count, Default: 50'),
  },
  async run({ brokerName, messageSize = 128, count = 50 }, { admin, out }) {
    const body = 'hello jodie'.repeat(Math.max(1, Math.ceil(messageSize / 11)));
    // Every broker has a topic of its own name.
    for await (const { elapsedMs, result, error } of admin.probes.measure(brokerName, {
      count,
      body,
      warmUp: 1,
    })) {
      if (result === undefined) {
        out.problem(error?.message ?? 'the send failed');
        continue;
      }
      out.line(
        'rt=%sms, SendResult=SendResult [sendStatus=%s, msgId=%s, offsetMsgId=%s, messageQueue=%s, queueOffset=%s, recallHandle=null]',
        ...[Math.round(elapsedMs), result.status, result.msgId, result.offsetMsgId],
        ...[messageQueueText(result.messageQueue), result.queueOffset],
      );
    }
  },
});
