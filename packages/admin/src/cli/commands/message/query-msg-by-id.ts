import { MessageConst, type MessageExt } from '@mq/remoting/message';
import { defineCommand, type CommandContext } from '../../command.js';
import { consumeDirectly } from '../../consume-directly.js';
import { bodyText, messageFields, printTracks, saveBody } from '../../message-text.js';
import { bool, required, text } from '../../option.js';
import { printf } from '../../printf.js';

export const queryMsgById = defineCommand({
  name: 'queryMsgById',
  summary: 'Query Message by Id.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    msgId: required(text('i', 'msgId', 'Message Id')),
    consumerGroup: text('g', 'consumerGroup', 'consumer group name'),
    clientId: text('d', 'clientId', "The consumer's client id"),
    sendMessage: bool('s', 'sendMessage', 'resend message'),
    unitName: text('u', 'unitName', 'unit name. Ignored.'),
    bodyFormat: text('f', 'bodyFormat', 'print message body by the specified format'),
    cluster: text('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run({ topic, msgId, consumerGroup, clientId, sendMessage, bodyFormat, cluster }, context) {
    const { admin, out } = context;
    for (const id of msgId.split(',').map((part) => part.trim())) {
      if (id === '') continue;
      const message = await admin.messages.byId(topic, id, { clusterName: cluster });
      if (consumerGroup !== undefined && clientId !== undefined) {
        await consumeDirectly(consumerGroup, clientId, message, context);
      } else if (sendMessage === true) {
        const { msgId: newId, status } = await resend(message, context);
        out.line(
          'prepare resend msg. originalMsgId=%s SendResult [sendStatus=%s, msgId=%s]',
          id,
          status,
          newId,
        );
      } else {
        await showMessage(message, context, bodyFormat);
      }
    }
  },
});

/** Prints a message's fields and what became of it; its body goes to a file. */
export async function showMessage(
  message: MessageExt,
  context: CommandContext,
  bodyFormat?: string,
): Promise<void> {
  const { admin, out, host } = context;
  out.line('%-20s %s', 'OffsetID:', message.offsetMsgId);
  for (const line of messageFields(message, saveBody(message, host), host)) out.line('%s', line);
  if (bodyFormat !== undefined)
    out.line('%s', printf('%-20s %s', 'Message Body:', bodyText(message.body, bodyFormat)));
  printTracks(await admin.tracks.of(message), context);
}

const SYSTEM_PROPERTIES: ReadonlySet<string> = new Set(Object.values(MessageConst));

/** Sends the same content once more, as a new message. */
function resend({ topic, body, flag, properties }: MessageExt, { admin }: CommandContext) {
  const own = Object.entries(properties).filter(([name]) => !SYSTEM_PROPERTIES.has(name));
  const { [MessageConst.TAGS]: tags, [MessageConst.KEYS]: keys } = properties;
  return admin.probes.send({
    ...{ topic, body, flag, properties: Object.fromEntries(own) },
    ...(tags === undefined ? {} : { tags }),
    ...(keys === undefined ? {} : { keys }),
  });
}
