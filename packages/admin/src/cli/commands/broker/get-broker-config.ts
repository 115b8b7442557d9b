import { isMaster } from '../../../operations/cluster.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { text } from '../../option.js';
import { UsageError } from '@mq/remoting/settings';

interface BrokerConfig {
  readonly title: string;
  readonly address: string;
  readonly config: ReadonlyMap<string, string>;
}

export const getBrokerConfig = defineCommand({
  name: 'getBrokerConfig',
  summary: 'Get broker config by cluster or special broker.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'get which broker'),
    clusterName: text('c', 'clusterName', 'get which cluster'),
  },
  async run({ brokerAddr, clusterName }, context): Promise<BrokerConfig[]> {
    const found: BrokerConfig[] = [];
    for (const { title, address } of await titledBrokers(brokerAddr, clusterName, context)) {
      found.push({ title, address, config: await context.admin.brokers.config(address) });
    }
    return found;
  },
  print(brokers, { out }) {
    for (const { title, config } of brokers) {
      out.line('============%s============', title);
      for (const [key, value] of config) out.line('%-50s=  %s', key, value);
      out.line();
    }
  },
});

async function titledBrokers(
  brokerAddr: string | undefined,
  clusterName: string | undefined,
  { admin }: CommandContext,
): Promise<{ title: string; address: string }[]> {
  if (brokerAddr !== undefined) return [{ title: brokerAddr, address: brokerAddr }];
  if (clusterName === undefined) throw new UsageError('name a broker or a cluster');
  let master = 'NO_MASTER';
  return (await admin.cluster.members(clusterName)).map((member) => {
    const { address } = member;
    if (!isMaster(member)) return { title: `My Master: ${master}=====Slave: ${address}`, address };
    master = address;
    return { title: `Master: ${address}`, address };
  });
}
