import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const updateKvConfig = defineCommand({
  name: 'updateKvConfig',
  summary: 'Create or update KV config.',
  options: {
    namespace: required(text('s', 'namespace', 'set the namespace')),
    key: required(text('k', 'key', 'set the key name')),
    value: required(text('v', 'value', 'set the key value')),
  },
  async run({ namespace, key, value }, { admin, out }) {
    await admin.nameServers.putKvValue(namespace, key, value);
    out.line('create or update kv config to namespace success.');
  },
});

export const deleteKvConfig = defineCommand({
  name: 'deleteKvConfig',
  summary: 'Delete KV config.',
  options: {
    namespace: required(text('s', 'namespace', 'set the namespace')),
    key: required(text('k', 'key', 'set the key name')),
  },
  async run({ namespace, key }, { admin, out }) {
    await admin.nameServers.deleteKvValue(namespace, key);
    out.line('delete kv config from namespace success.');
  },
});
