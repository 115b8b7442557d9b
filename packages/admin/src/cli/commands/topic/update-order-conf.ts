import { AdminError } from '../../../errors.js';
import { defineCommand } from '../../command.js';
import { oneOf, required, text } from '../../option.js';
import { UsageError } from '@mq/remoting/settings';

export const updateOrderConf = defineCommand({
  name: 'updateOrderConf',
  summary: 'Create or update or delete order conf.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    orderConf: text('v', 'orderConf', 'set order conf [eg. brokerName1:num;brokerName2:num]'),
    method: required(oneOf('m', 'method', 'option type [eg. put|get|delete', ['put', 'get', 'delete'])),
  },
  async run({ topic, orderConf, method }, { admin, out }) {
    switch (method) {
      case 'get':
        out.line('get orderConf success. topic=[%s], orderConf=[%s] ', topic, await currentOrderConf(topic));
        break;
      case 'put':
        if (orderConf === undefined || orderConf === '') throw new UsageError('put needs --orderConf');
        await admin.nameServers.putOrderConf(topic, orderConf);
        out.line('update orderConf success. topic=[%s], orderConf=[%s]', topic, orderConf);
        break;
      case 'delete':
        await admin.nameServers.deleteOrderConf(topic);
        out.line('delete orderConf success. topic=[%s]', topic);
    }

    async function currentOrderConf(name: string): Promise<string> {
      const value = await admin.nameServers.orderConf(name);
      if (value === undefined)
        throw new AdminError('NOT_FOUND', `no order conf is set for the topic "${name}"`);
      return value;
    }
  },
});
