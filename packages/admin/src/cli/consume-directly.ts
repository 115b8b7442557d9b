import type { MessageExt } from '@mq/remoting/message';
import type { CommandContext } from './command.js';
import { directResultText } from './message-text.js';
import { isPushConsumer } from './running-info-text.js';

/** Has a member of a group consume a message now, and prints what it says; only push consumers can. */
export async function consumeDirectly(
  group: string,
  clientId: string,
  message: MessageExt,
  { admin, out }: CommandContext,
): Promise<void> {
  const info = await admin.clients.consumerRunningInfo(group, clientId);
  if (!isPushConsumer(info)) {
    out.problem(`this ${clientId} client is not push consumer ,not support direct push`);
    return;
  }
  out.line('%s', directResultText(await admin.messages.consumeDirectly(group, clientId, message)));
}
