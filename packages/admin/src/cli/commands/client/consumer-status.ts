import { versionName, type ConsumerRunningInfo } from '@mq/remoting/protocol';
import { isAdminError } from '../../../errors.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { flag, required, text } from '../../option.js';
import { hasSameSubscriptions, queueProblems, runningInfoText } from '../../running-info-text.js';

export const consumerStatus = defineCommand({
  name: 'consumerStatus',
  summary: "Query consumer's internal data structure.",
  options: {
    group: required(text('g', 'consumerGroup', 'consumer group name')),
    clientId: text('i', 'clientId', "The consumer's client id"),
    brokerAddr: text('b', 'brokerAddr', 'broker address'),
    jstack: flag('s', 'jstack', 'Run jstack command in the consumer progress'),
  },
  async run({ group, clientId, brokerAddr, jstack }, context) {
    if (clientId !== undefined) {
      const info = await context.admin.clients.consumerRunningInfo(group, clientId, { jstack });
      context.out.text(runningInfoText(info, context.host));
      return;
    }
    const infos = await printMembers({ group, brokerAddr, jstack }, context);
    if (infos.size > 0) printVerdict(infos, context);
  },
});

/** Asks each member, writes what it says to a file, and prints a row for it. */
async function printMembers(
  { group, brokerAddr, jstack }: { group: string; brokerAddr: string | undefined; jstack: boolean },
  { admin, out, host }: CommandContext,
): Promise<Map<string, ConsumerRunningInfo>> {
  const { connectionSet } = await admin.clients.consumerConnection(group, brokerAddr);
  const folder = String(host.now());
  const infos = new Map<string, ConsumerRunningInfo>();
  out.line('%-10s %-40s %-20s %s', '#Index', '#ClientId', '#Version', '#ConsumerRunningInfoFile');
  for (const { clientId, version } of connectionSet) {
    try {
      const info = await admin.clients.consumerRunningInfo(group, clientId, { jstack });
      infos.set(clientId, info);
      const path = `${folder}/${fileNameOf(clientId)}`;
      host.writeFile(path, runningInfoText(info, host));
      out.line('%-10d %-40s %-20s %s', infos.size, clientId, versionName(version), path);
    } catch (error) {
      if (!isAdminError(error)) throw error;
      out.problem(error.message);
    }
  }
  return infos;
}

function printVerdict(infos: ReadonlyMap<string, ConsumerRunningInfo>, { out, host }: CommandContext): void {
  out.line();
  out.line();
  if (!hasSameSubscriptions([...infos.values()], host.now())) {
    out.line('WARN: Different subscription in the same group of consumer!!!');
    return;
  }
  out.line('Same subscription in the same group of consumer');
  out.line();
  out.line('Rebalance OK');
  for (const [clientId, info] of infos) {
    for (const problem of queueProblems(clientId, info, host.now())) out.line('%s', problem);
  }
}

/** The id is the client's own word: what could leave the folder is replaced. */
const fileNameOf = (clientId: string): string => clientId.replace(/[^\w.@#:%+-]/g, '_').replace(/^\.+/, '_');
