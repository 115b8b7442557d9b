import { AdminError } from '../../../errors.js';
import { defineCommand } from '../../command.js';
import { groupFields } from '../../config-text.js';
import { required, text } from '../../option.js';

export const getConsumerConfig = defineCommand({
  name: 'getConsumerConfig',
  summary: 'Get consumer config by subscription group name.',
  options: { groupName: required(text('g', 'groupName', 'subscription group name')) },
  async run({ groupName }, { admin }) {
    const found = await admin.groups.everywhere(groupName);
    if (found.length === 0) throw new AdminError('NOT_FOUND', `no broker knows the group "${groupName}"`);
    return found;
  },
  print(found, { out }) {
    for (const { clusterName, brokerName, config } of found) {
      const rule = '='.repeat(29);
      out.line('%s%s:%s%s', rule, clusterName, brokerName, rule);
      for (const [name, value = ''] of groupFields(config)) out.line('%-40s=  %s', name, value);
    }
  },
});
