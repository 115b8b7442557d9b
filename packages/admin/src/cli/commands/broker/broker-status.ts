import { isAdminError } from '../../../errors.js';
import { brokerTargets } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { text } from '../../option.js';

export const brokerStatus = defineCommand({
  name: 'brokerStatus',
  summary: 'Fetch broker runtime status data.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'Broker address'),
    clusterName: text('c', 'clusterName', 'which cluster'),
  },
  async run({ brokerAddr, clusterName }, context) {
    const { admin, out } = context;
    const addresses = await brokerTargets({ brokerAddr, clusterName }, context, { withSlaves: true });
    const states = new Map<string, Record<string, string>>();
    for (const address of addresses) {
      try {
        states.set(address, await admin.brokers.runtimeInfo(address));
      } catch (error) {
        if (!isAdminError(error) || brokerAddr !== undefined) throw error;
        out.problem(error.message);
      }
    }
    return states;
  },
  print(states, { out }, { brokerAddr }) {
    for (const [address, state] of states) {
      const prefix = brokerAddr === undefined ? address.padEnd(24) + ' ' : '';
      for (const key of Object.keys(state).sort()) out.line('%s%-32s: %s', prefix, key, state[key] ?? '');
    }
  },
});
