import { AdminError } from '../../../errors.js';
import type { MQAdmin } from '../../../mq-admin.js';
import { forEach } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const getNamesrvConfig = defineCommand({
  name: 'getNamesrvConfig',
  summary: 'Get configs of name server.',
  options: {},
  async run(_options, context) {
    const configs = new Map<string, ReadonlyMap<string, string>>();
    await forEach(nameServersOf(context.admin), context, async (address) => {
      configs.set(address, await context.admin.nameServers.config(address));
    });
    return configs;
  },
  print(configs, { out }) {
    for (const [address, config] of configs) {
      out.line('============%s============', address);
      for (const [key, value] of config) out.line('%-50s=  %s', key, value);
    }
  },
});

export const updateNamesrvConfig = defineCommand({
  name: 'updateNamesrvConfig',
  summary: 'Update configs of name server.',
  options: {
    key: required(text('k', 'key', 'config key')),
    value: required(text('v', 'value', 'config value')),
  },
  async run({ key, value }, context) {
    const updated: string[] = [];
    await forEach(nameServersOf(context.admin), context, async (address) => {
      await context.admin.nameServers.updateConfig(address, { [key]: value });
      updated.push(address);
    });
    if (updated.length === 0) return;
    context.out.line('update name server config success![%s]', updated.join(', '));
    context.out.line('%s : %s', key, value);
  },
});

/** @throws AdminError NO_NAME_SERVER */
export function nameServersOf(admin: MQAdmin): readonly string[] {
  const addresses = admin.nameServerAddresses;
  if (addresses.length === 0) throw new AdminError('NO_NAME_SERVER', 'no NameServer address was given');
  return addresses;
}
