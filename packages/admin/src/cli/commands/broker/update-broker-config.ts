import { brokerTargets, forEach } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const updateBrokerConfig = defineCommand({
  name: 'updateBrokerConfig',
  summary: "Update broker's config.",
  options: {
    brokerAddr: text('b', 'brokerAddr', 'update which broker'),
    clusterName: text('c', 'clusterName', 'update which cluster'),
    updateAllBroker: text('a', 'updateAllBroker', 'update all brokers include slave'),
    key: required(text('k', 'key', 'config key')),
    value: required(text('v', 'value', 'config value')),
  },
  async run({ brokerAddr, clusterName, updateAllBroker, key, value }, context) {
    const withSlaves = updateAllBroker !== undefined;
    const addresses = await brokerTargets({ brokerAddr, clusterName }, context, { withSlaves });
    await forEach(addresses, context, async (address) => {
      await context.admin.brokers.updateConfig(address, { [key]: value });
      context.out.line('update broker config success, %s', address);
    });
  },
});
