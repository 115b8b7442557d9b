// TLS towards every server that a command speaks to: Apache's tools take it from JVM properties (-Dtls.enable=true), this one
// from options, and both from a tls.properties file.
import type { ClientTlsOptions } from '@mq/remoting';
import { defineSettings, readTls, tlsSettings, UsageError, type TlsSettings } from '@mq/remoting/settings';

/** An option of every command. */
export interface TlsOption {
  readonly long: string;
  readonly help: string;
  readonly takesValue: boolean;
}

/** Options that say which files, and the settings they stand for. */
const FILES = {
  tlsTrustCertPath: {
    setting: 'tls.client.trustCertPath',
    help: 'Certificates that sign the servers’ ones, PEM; default: those the platform trusts',
  },
  tlsKeyPath: { setting: 'tls.client.keyPath', help: 'Private key shown to servers that ask for one, PEM' },
  tlsCertPath: { setting: 'tls.client.certPath', help: 'Certificate chain shown to them, PEM' },
  tlsAuthServer: {
    setting: 'tls.client.authServer',
    help: 'true (default) or false: check the servers’ certificates (Apache: false)',
  },
  tlsConfigFile: {
    setting: 'tls.config.file',
    help: 'File of these settings as Apache has it; what it says wins. Default /etc/rocketmq/tls.properties, unless another one of these options is given',
  },
} as const satisfies Record<string, { setting: keyof TlsSettings; help: string }>;

type FileOption = keyof typeof FILES;
const fileOptions = Object.keys(FILES) as FileOption[];

/** What each command has: `--tls`, and what goes with it. */
export const tlsOptions: readonly TlsOption[] = [
  { long: 'tls', help: 'Talk TLS to every server (-Dtls.enable=true of Apache’s tools)', takesValue: false },
  ...fileOptions.map((long) => ({ long, help: FILES[long].help, takesValue: true })),
];

const declared = defineSettings(tlsSettings);

/**
 * @param given texts of the options that were given, `tls` being true when it was
 * @param readFile bytes of a file, undefined when there is none
 * @throws UsageError; RemotingError `TLS` for a file that is not there
 */
export function tlsOf(
  given: Readonly<Record<string, string | true | undefined>>,
  readFile: (path: string) => Buffer | undefined,
): ClientTlsOptions | false {
  const named = fileOptions.filter((long) => given[long] !== undefined);
  if (given['tls'] === undefined) {
    if (named.length > 0) throw new UsageError(`--${named.join(', --')} goes with --tls`);
    return false;
  }
  const properties = {
    'tls.server.mode': 'disabled',
    'tls.enable': 'true',
    ...(named.length === 0 ? {} : { 'tls.config.file': '' }),
    ...Object.fromEntries(named.map((long) => [FILES[long].setting, String(given[long])])),
  };
  const { values, problems } = declared.parse(properties);
  if (problems.length > 0) throw new UsageError(problems.map(({ text }) => text).join('; '));
  return readTls(values, readFile).client;
}
