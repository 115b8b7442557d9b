// Settings of the filter server: upstream's FiltersrvConfig (4.2, the last one) as far as it means something here, and limits
// that Java's had none of.
import { defineSettings, setting, type SettingsOf } from '@mq/remoting/settings';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Every setting of the filter server, in the order it is printed. Names are upstream's where it has them. */
export const filtersrvSettings = defineSettings({
  connectWhichBroker: setting.string({
    default: '127.0.0.1:10911',
    help: 'Broker whose messages are filtered; it must let filter servers register (filterServerNums).',
  }),
  filterServerIP: setting.string({
    default: '127.0.0.1',
    help: 'Address told to clients. One that is not this machine alone makes the server listen on all addresses.',
  }),
  bindAddress: setting.string({
    default: '',
    help: 'Address to listen on; empty: 127.0.0.1, or all addresses when filterServerIP is another (ours).',
  }),
  listenPort: setting.int({ default: 0, min: 0, max: 65_535, help: 'Port to listen on; 0: any free one.' }),
  clientUploadFilterClassEnable: setting.boolean({
    default: true,
    help: 'Take filter code from consumers. Whoever reaches the port can then have code run, within the limits below.',
  }),
  registerFilterServerPeriod: setting.int({
    default: 10_000,
    min: 1_000,
    max: 20_000,
    unit: 'ms',
    help: 'Period of registering at the broker, which forgets a server after 30 s (ours).',
  }),
  brokerSuspendMaxTimeMillis: setting.int({
    default: 19_000,
    min: 0,
    max: 60_000,
    unit: 'ms',
    help: 'How long the broker may hold a pull that finds nothing; a consumer that asks for less gets less.',
  }),
  filterTimeLimitMillis: setting.int({
    default: 1_000,
    min: 10,
    max: 60_000,
    unit: 'ms',
    help: 'Time that filter code has for the messages of one pull (ours).',
  }),
  filterMemoryLimit: setting.int({
    default: 16 * MIB,
    min: MIB,
    max: 1024 * MIB,
    unit: 'bytes',
    help: 'Memory that the objects of one filter may take (ours).',
  }),
  maxFilterClassSize: setting.int({
    default: 256 * KIB,
    min: KIB,
    max: 4 * MIB,
    unit: 'bytes',
    help: 'Source of one filter at most (ours).',
  }),
  maxFilterClasses: setting.int({
    default: 32,
    min: 1,
    max: 1_024,
    help: 'Filters at a time, each of which has a thread (ours).',
  }),
});
/** Values of `filtersrvSettings`. */
export type FiltersrvSettings = SettingsOf<typeof filtersrvSettings>;
